"""Settings that administrators change while the program runs; secrets among them are sealed."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, from_microseconds, to_microseconds
from lumilio.errors import BadRequest
from lumilio.library import audit
from lumilio.library.context import Context
from lumilio.library.users import Instant

Provider = Literal["ark", "openai", "deepseek", "ollama"]
RegistrationMode = Annotated[
    Literal["closed", "invite", "open"],
    Meta(description="Who may create an account from another machine (ours)."),
]

_KEY_PURPOSE = "llm api key"


LanEnabled = Annotated[
    bool,
    Meta(description="Whether other machines are let in from the next start on (ours)."),
]


RetentionDays = Annotated[
    int,
    Meta(
        ge=0,
        le=36_500,
        description="Days that things stay in the trash; 0 keeps them for ever (ours).",
    ),
]


class LlmSettings(Struct, omit_defaults=True, kw_only=True):
    """Which language model the agent talks to; the key itself is never shown."""

    agent_enabled: bool
    provider: Provider
    model_name: str
    base_url: Annotated[str | UnsetType, Meta(description="Absent when empty.")] = UNSET
    api_key_configured: bool
    allow_private_network: Annotated[
        bool, Meta(description="Whether the address may be inside a private network (ours).")
    ]


class MlSettings(Struct):
    """Which kinds of recognition run."""

    semantic_enabled: bool
    bioclip_enabled: bool
    ocr_enabled: bool
    face_enabled: bool


class SystemSettings(Struct, omit_defaults=True):
    """All settings, and who changed them last."""

    llm: LlmSettings
    ml: MlSettings
    registration_mode: RegistrationMode
    lan_enabled: LanEnabled
    trash_retention_days: RetentionDays
    updated_at: Instant
    updated_by: int | UnsetType = UNSET


class LlmSettingsPatch(Struct, frozen=True):
    """What changes; what is absent or null stays."""

    agent_enabled: bool | None = None
    provider: Provider | None = None
    model_name: str | None = None
    base_url: str | None = None
    api_key: Annotated[
        str | None,
        Meta(
            description="Never returned; empty text deletes it.",
            extra_json_schema={"writeOnly": True, "format": "password"},
        ),
    ] = None
    allow_private_network: bool | None = None


class MlSettingsPatch(Struct, frozen=True):
    """What changes; what is absent or null stays."""

    semantic_enabled: bool | None = None
    bioclip_enabled: bool | None = None
    ocr_enabled: bool | None = None
    face_enabled: bool | None = None


class SystemSettingsPatch(Struct, frozen=True):
    """What changes; what is absent or null stays."""

    llm: LlmSettingsPatch | None = None
    ml: MlSettingsPatch | None = None
    registration_mode: RegistrationMode | None = None
    lan_enabled: bool | None = None
    trash_retention_days: RetentionDays | None = None


class StoredLlm(Struct, frozen=True, kw_only=True):
    """The language model as the database has it."""

    agent_enabled: bool = False
    provider: Provider = "ark"
    model_name: str = ""
    base_url: str = ""
    allow_private_network: bool = False
    sealed_api_key: bytes = b""

    @property
    def is_configured(self) -> bool:
        """Whether enough is known to talk to it."""
        needed = self.base_url if self.provider == "ollama" else self.sealed_api_key
        return bool(self.model_name and needed)


class StoredMl(Struct, frozen=True, kw_only=True):
    """The switches as the database has them."""

    semantic_enabled: bool = True
    bioclip_enabled: bool = True
    ocr_enabled: bool = True
    face_enabled: bool = True


class StoredSettings(Struct, frozen=True, kw_only=True):
    """Everything that is kept, as one JSON text; fields that come later have defaults."""

    llm: StoredLlm = StoredLlm()
    ml: StoredMl = StoredMl()
    registration_mode: RegistrationMode = "closed"
    lan_enabled: bool = False
    trash_retention_days: int = 30


def read(db: Connection) -> StoredSettings:
    """The settings as they are kept."""
    content = db.value("SELECT content FROM system_settings")
    return msgspec.json.decode(content, type=StoredSettings) if content else StoredSettings()


def show(ctx: Context) -> SystemSettings:
    """The settings without their secrets."""
    with ctx.db.read() as db:
        return _public(db, read(db))


def change(ctx: Context, patch: SystemSettingsPatch) -> SystemSettings:
    """Change what the patch names; raises BadRequest.

    A key belongs to the provider it was given for and goes with it.
    """
    with ctx.db.write() as tx:
        before = read(tx)
        after = StoredSettings(
            llm=_changed_llm(ctx, before.llm, patch.llm or LlmSettingsPatch()),
            ml=_merged(before.ml, patch.ml or MlSettingsPatch()),
            registration_mode=patch.registration_mode or before.registration_mode,
            lan_enabled=_or(patch.lan_enabled, before.lan_enabled),
            trash_retention_days=(
                before.trash_retention_days
                if patch.trash_retention_days is None
                else patch.trash_retention_days
            ),
        )
        tx.run(
            "INSERT OR REPLACE INTO system_settings (id, content, updated_at, updated_by)"
            " VALUES (1, ?, ?, ?)",
            (
                msgspec.json.encode(after).decode(),
                to_microseconds(ctx.now()),
                ctx.principal.user_id,
            ),
        )
        if changed := _changed(before, after):
            audit.record(ctx, tx, "settings_updated", {"changed": changed})
        return _public(tx, after)


def drafted(ctx: Context, patch: LlmSettingsPatch) -> StoredLlm:
    """The language model as a patch would leave it, which is not stored; raises BadRequest."""
    with ctx.db.read() as db:
        return _changed_llm(ctx, read(db).llm, patch)


def api_key(ctx: Context, llm: StoredLlm) -> str:
    """The key of the language model in clear; empty when there is none. Raises UnusableKey."""
    if not llm.sealed_api_key:
        return ""
    return ctx.keys.unseal(_KEY_PURPOSE, llm.sealed_api_key).decode()


def _changed_llm(ctx: Context, before: StoredLlm, patch: LlmSettingsPatch) -> StoredLlm:
    sealed = before.sealed_api_key
    if patch.provider is not None and patch.provider != before.provider:
        sealed = b""
    if patch.api_key is not None:
        key = patch.api_key.strip()
        # It travels in a header, which takes nothing else.
        if not (key.isascii() and key.isprintable()):
            raise BadRequest("The API key holds characters that no key has")
        sealed = ctx.keys.seal(_KEY_PURPOSE, key.encode()) if key else b""
    base_url = None if patch.base_url is None else _address(patch.base_url.strip())
    return StoredLlm(
        agent_enabled=_or(patch.agent_enabled, before.agent_enabled),
        provider=patch.provider or before.provider,
        model_name=before.model_name if patch.model_name is None else patch.model_name.strip(),
        base_url=before.base_url if base_url is None else base_url,
        allow_private_network=_or(patch.allow_private_network, before.allow_private_network),
        sealed_api_key=sealed,
    )


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if text and (not is_usable or not text.isprintable() or " " in text):
        raise BadRequest("The address of the language model is not a web address")
    return text


def _merged(before: StoredMl, patch: MlSettingsPatch) -> StoredMl:
    given = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return msgspec.structs.replace(
        before, **{name: value for name, value in given.items() if value is not None}
    )


def _changed(before: Struct, after: Struct, section: str = "") -> list[str]:
    """The names, not the values, for a secret is among them."""
    names: list[str] = []
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, Struct):
            names += _changed(old, new, f"{name}.")
        elif old != new:
            names.append(f"{section}{name.removeprefix('sealed_')}")
    return names


def _or(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value


def _public(db: Connection, stored: StoredSettings) -> SystemSettings:
    updated_at, updated_by = db.row(
        lambda *row: row, "SELECT updated_at, updated_by FROM system_settings"
    ) or (0, None)
    llm = stored.llm
    return SystemSettings(
        LlmSettings(
            agent_enabled=llm.agent_enabled,
            provider=llm.provider,
            model_name=llm.model_name,
            base_url=llm.base_url or UNSET,
            api_key_configured=bool(llm.sealed_api_key),
            allow_private_network=llm.allow_private_network,
        ),
        MlSettings(**msgspec.structs.asdict(stored.ml)),
        stored.registration_mode,
        stored.lan_enabled,
        stored.trash_retention_days,
        from_microseconds(updated_at),
        UNSET if updated_by is None else updated_by,
    )
