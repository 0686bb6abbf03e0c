"""First-run setup over HTTP."""

from msgspec import Struct
from starlette.requests import Request

from lumilio.api.origins import is_on_this_machine
from lumilio.api.typed import Router
from lumilio.errors import Conflict
from lumilio.library import setup
from lumilio.library.context import Context
from lumilio.library.setup import SetupStatus

api = Router("setup", "First-run setup.")


class SetupRequest(Struct, frozen=True):
    """An empty object."""


class SetupResult(Struct, frozen=True):
    """What a server without automatic set-up would answer."""

    database_user: str
    password_length: int


@api.get("/setup/status", role="public")
def get_setup_status(ctx: Context, request: Request) -> SetupStatus:
    """Tell how far first-run setup has come, and what creating an account takes."""
    return setup.status(ctx, on_this_machine=is_on_this_machine(request))


@api.post("/setup", role="public", errors=(Conflict,))
def run_setup(body: SetupRequest | None = None) -> SetupResult:
    """Run the one-time system initialisation.

    The database is created before the first request is answered, so this always answers 409.
    """
    raise Conflict("The system is already initialized")
