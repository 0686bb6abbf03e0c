"""Settings of the running system over HTTP, and what it can do."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request

from lumilio.api.addresses import network_urls
from lumilio.api.typed import Router
from lumilio.errors import BadRequest
from lumilio.library import language_models, system_settings
from lumilio.library.context import Context
from lumilio.library.system_settings import (
    LlmSettingsPatch,
    Provider,
    SystemSettings,
    SystemSettingsPatch,
)

api = Router("settings", "Settings that administrators change.", gate="after_role")
capabilities = Router("capabilities", "What the server can do.")


class LlmValidation(Struct):
    """The language model answered."""

    valid: bool


class RuntimeInfo(Struct):
    """How the server was started."""

    environment: str
    server_port: str
    log_level: str
    storage_root: str
    hardware_accel: Literal["auto", "vaapi", "nvenc", "qsv", "none"]
    geocoding_provider: Literal["disabled", "nominatim"]
    repository_scan_enabled: bool
    repository_scan_interval_seconds: int
    lumen_discovery_enabled: bool
    is_open_to_network: Annotated[bool, Meta(description="Whether others can connect now (ours).")]
    network_urls: Annotated[list[str], Meta(description="Where others find it (ours).")]


class MlTaskCapability(Struct):
    """Whether a kind of recognition is switched on, and whether its model is there."""

    enabled: bool
    available: bool


class MlTaskSet(Struct):
    """Every kind of recognition."""

    semantic_image_embed: MlTaskCapability
    semantic_text_embed: MlTaskCapability
    bioclip_classify: MlTaskCapability
    ocr: MlTaskCapability
    face_recognition: MlTaskCapability


class MlCapabilities(Struct):
    """What recognises things in photos."""

    discovered_node_count: int
    active_node_count: int
    tasks: MlTaskSet


class LlmCapabilities(Struct, omit_defaults=True, kw_only=True):
    """The language model behind the agent."""

    agent_enabled: bool
    configured: bool
    provider: Provider
    model_name: str | UnsetType = UNSET


class Capabilities(Struct):
    """What the server can do now."""

    ml: MlCapabilities
    llm: LlmCapabilities


@api.get("/settings/system", role="admin")
def get_system_settings(ctx: Context) -> SystemSettings:
    """Return the settings, without secrets."""
    return system_settings.show(ctx)


@api.patch("/settings/system", role="admin")
def update_system_settings(ctx: Context, body: SystemSettingsPatch) -> SystemSettings:
    """Change settings; what is absent or null stays."""
    return system_settings.change(ctx, body)


@api.post("/settings/system/validate-llm", role="admin", errors=(BadRequest,))
def validate_llm_settings(ctx: Context, body: LlmSettingsPatch | None = None) -> LlmValidation:
    """Ask the language model for one word.

    The stored one, or with what the body changes, which is not stored (our addition).
    """
    language_models.validate(ctx, body or LlmSettingsPatch())
    return LlmValidation(True)


@api.get("/settings/runtime-info", role="admin")
def get_runtime_info(ctx: Context, request: Request) -> RuntimeInfo:
    """Tell how the server was started."""
    settings = ctx.settings
    server = request.scope.get("server") or ("", settings.port)
    return RuntimeInfo(
        environment="production",
        server_port=str(server[1]),
        log_level=settings.log_level,
        storage_root=str(settings.storage_path),
        hardware_accel="none",
        geocoding_provider="disabled",
        repository_scan_enabled=settings.scan_enabled,
        repository_scan_interval_seconds=settings.scan_interval_seconds,
        lumen_discovery_enabled=False,
        is_open_to_network=settings.is_open_to_network,
        network_urls=network_urls(settings, int(server[1])),
    )


@capabilities.get("/capabilities", role="public")
def get_capabilities(ctx: Context) -> Capabilities:
    """Tell what the server can do now."""
    with ctx.db.read() as db:
        stored = system_settings.read(db)
    ml, llm = stored.ml, stored.llm
    tasks = MlTaskSet(
        semantic_image_embed=MlTaskCapability(ml.semantic_enabled, False),
        semantic_text_embed=MlTaskCapability(ml.semantic_enabled, False),
        bioclip_classify=MlTaskCapability(ml.bioclip_enabled, False),
        ocr=MlTaskCapability(ml.ocr_enabled, False),
        face_recognition=MlTaskCapability(ml.face_enabled, False),
    )
    return Capabilities(
        MlCapabilities(0, 0, tasks),
        LlmCapabilities(
            agent_enabled=llm.agent_enabled,
            configured=llm.is_configured,
            provider=llm.provider,
            model_name=llm.model_name or UNSET,
        ),
    )
