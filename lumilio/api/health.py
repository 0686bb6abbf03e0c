"""Whether the server is there."""

from typing import Literal

from msgspec import Struct

from lumilio.api.typed import Router

api = Router("health", "Liveness.")


class Health(Struct):
    """The server answers."""

    status: Literal["ok"]


@api.get("/health", role="public")
def get_health() -> Health:
    """Answer that the server is alive."""
    return Health("ok")
