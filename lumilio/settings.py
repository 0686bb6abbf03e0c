"""Start-up settings: flags > environment `LUMILIO_…` > `lumilio.toml` in the home > defaults.

Read once by the composition root and frozen; what a person changes at run time is a row in the
database instead.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs
from msgspec import Meta, Struct

from lumilio.errors import LumilioError

CONFIG_FILE = "lumilio.toml"
ENVIRONMENT_PREFIX = "LUMILIO_"
FOLDERS = ("home", "storage_root")
# In the environment their parts stand between commas.
LISTS = ("allowed_hosts", "cors_allowed_origins")

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - only where a person asked for it
_LOOPBACK = ("127.", "::1", "localhost")

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
HostName = Annotated[
    str,
    Meta(pattern=r"^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|(?:[0-9A-Fa-f]*:){2,}[0-9A-Fa-f]*)$"),
]
WebOrigin = Annotated[
    str,
    Meta(pattern=r"^https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$"),
]


Source = Literal["file", "environment", "flag"]
_WHERE: dict[Source, str] = {
    "file": CONFIG_FILE,
    "environment": "environment",
    "flag": "command line",
}


class InvalidSettings(LumilioError):
    """One or more settings are unusable; `problems` has a sentence about each."""

    title = "The settings cannot be used"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def default_home() -> Path:
    """The platform's data folder for Lumilio."""
    return Path(platformdirs.user_data_dir("Lumilio", appauthor=False))


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is fixed while the process runs."""

    home: Annotated[str, Meta(description="Folder that holds everything of one installation")]
    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    lan: Annotated[
        bool, Meta(description="Let other machines on the network in; `host` is then every address")
    ] = False
    port: Annotated[Port, Meta(description="Port to listen on; 0 takes a free one")] = 6680
    allowed_hosts: Annotated[
        tuple[HostName, ...],
        Meta(description="Further names under which it answers, beside this machine's own"),
    ] = ()
    cors_allowed_origins: Annotated[
        tuple[WebOrigin, ...],
        Meta(description="Origins whose pages may use it from a browser, beside its own"),
    ] = ("http://localhost:6657", "https://localhost:6657")
    storage_root: Annotated[
        str, Meta(description="Where repositories are created; empty = `storage` in the home")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level that is logged")
    ] = "info"
    access_token_minutes: Annotated[Positive, Meta(description="Lifetime of an access token")] = 15
    refresh_token_hours: Annotated[Positive, Meta(description="Lifetime of a sign-in")] = 168
    media_token_minutes: Annotated[
        Positive,
        Meta(description="How long addresses of media stay the same; they work twice as long"),
    ] = 60
    decode_workers: Annotated[
        int, Meta(ge=0, description="Decoder processes; 0 = one for each core, at most 8")
    ] = 0
    decode_timeout_seconds: Annotated[
        Positive, Meta(description="Longest time for decoding one file")
    ] = 120
    decode_memory_mb: Annotated[
        int, Meta(ge=256, description="Most memory one decoder process may use")
    ] = 1536
    scan_enabled: Annotated[
        bool, Meta(description="Scan every repository at the start and then regularly")
    ] = True
    scan_interval_seconds: Annotated[Positive, Meta(description="Time between two such scans")] = (
        300
    )
    scan_settle_seconds: Annotated[
        int, Meta(ge=0, description="Leave a file alone that was changed less long ago")
    ] = 5
    watch_folders: Annotated[
        bool, Meta(description="Notice changes in the folders of repositories as they happen")
    ] = True

    @property
    def home_path(self) -> Path:
        """Absolute path of the home folder."""
        return Path(self.home)

    @property
    def listening_host(self) -> str:
        """The address to listen on."""
        # An address that was chosen is kept: it may be that of the one network to serve.
        return ALL_ADDRESSES if self.lan and self.host.startswith(_LOOPBACK) else self.host

    @property
    def is_open_to_network(self) -> bool:
        """Whether other machines can connect."""
        return not self.listening_host.startswith(_LOOPBACK)

    @property
    def storage_path(self) -> Path:
        """Absolute path under which repositories are created by default."""
        return Path(self.storage_root) if self.storage_root else self.home_path / "storage"

    @property
    def decoders(self) -> int:
        """Number of decoder processes to run."""
        return self.decode_workers or min(os.cpu_count() or 1, 8)


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Merge all sources; flags that are None count as not given.

    Raises InvalidSettings naming every problem at once.
    """
    settings, _ = load_with_sources(flags, environment)
    return settings


def load_with_sources(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> tuple[Settings, dict[str, Source]]:
    """As `load`, with where each value that is no default comes from."""
    from_flags = {name: value for name, value in flags.items() if value is not None}
    from_environment = _environment_values(environment)
    home = str(from_flags.get("home") or from_environment.get("home") or default_home())
    problems: list[str] = []
    # What wins stands last.
    given: dict[Source, dict[str, Any]] = {
        "file": _file_values(home, problems),
        "environment": from_environment,
        "flag": from_flags,
    }
    values: dict[str, Any] = {"home": home}
    sources: dict[str, Source] = {}
    for source, named in given.items():
        for name, value in named.items():
            if problem := _problem(name, value):
                problems.append(f"{name} ({_WHERE[source]}): {problem}")
            values[name], sources[name] = value, source
    if problems:
        raise InvalidSettings(problems)
    for name in FOLDERS:
        if values.get(name):
            values[name] = str(Path(values[name]).expanduser().resolve())
    return msgspec.convert(values, Settings, strict=False), sources


def _environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        text = environment.get(ENVIRONMENT_PREFIX + name.upper(), "")
        if text:
            values[name] = text if name not in LISTS else [part.strip() for part in text.split(",")]
    return values


def _file_values(home: str, problems: list[str]) -> dict[str, Any]:
    """What the file in a home says; what keeps it from being read joins the problems."""
    try:
        path = Path(home).expanduser() / CONFIG_FILE
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, RuntimeError):
        # A home that cannot be named is a problem of the setting.
        return {}
    except (OSError, ValueError) as error:
        problems.append(f"{path} cannot be read: {error}")
        return {}
    if "home" in values:
        problems.append(
            f"home ({CONFIG_FILE}): the file lies in the home and cannot say where it is"
        )
    return values


def _problem(name: str, value: Any) -> str | None:
    fields = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    if name not in fields:
        return "unknown setting"
    try:
        msgspec.convert(value, fields[name], strict=False)
        if name in FOLDERS:
            Path(value).expanduser().resolve()
    except (msgspec.ValidationError, RuntimeError, OSError, ValueError) as error:
        return str(error)
    return None
