"""The door: under which names this server answers, and to pages of which origins."""

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lumilio.api import origins
from lumilio.api.addresses import own_names
from lumilio.api.answers import error_answer
from lumilio.errors import Forbidden, LumilioError, MisdirectedRequest
from lumilio.settings import Settings

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
_REQUEST_HEADERS = ("authorization", "content-type", "x-content-hash", "x-csrf-token")
_ANSWER_HEADERS = ("content-disposition", "content-range", "retry-after", "www-authenticate")


class Door:
    """Refuses what is sent to other hosts, and tells browsers which other origins may read.

    A page can point its own name at this machine and then call as if it were ours (DNS rebinding);
    what gives it away is that name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = own_names((settings.host, *settings.allowed_hosts))
        self._listed = frozenset(settings.cors_allowed_origins)
        self._cors = CORSMiddleware(
            app,
            allow_origins=self._listed,
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_ANSWER_HEADERS,
            allow_credentials=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._app if scope["type"] != "http" else self._answer(Request(scope))
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> ASGIApp:
        try:
            self._require_own_host(request)
            origin = origins.origin_of(request)
            if origin in self._listed:
                return self._cors
            if request.method != "OPTIONS":
                # A foreign page may ask, but its browser does not let it read.
                return self._app
            if not origins.is_own_page(request):
                raise Forbidden("Pages of this origin may not call Lumilio", cause=origin)
            return Response()
        except LumilioError as error:
            return error_answer(error)

    def _require_own_host(self, request: Request) -> None:
        host = origins.host_of(request)
        # No name leads to an address that is called by itself, so those need no list.
        if host in self._names or origins.is_own_address(request, host):
            return
        raise MisdirectedRequest(
            f"Lumilio does not answer under the name {host};"
            " its setting allowed_hosts says under which names it does"
        )
