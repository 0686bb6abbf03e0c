"""Headers that every answer carries."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lumilio.api.typed import API_PREFIX
from lumilio.settings import Settings

# The client hashes files before it sends them; the hash function is WebAssembly.
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self';"
    " script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# A drawing that is opened by itself looks as it should, but is no page of ours.
_FILE_POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline';"
    " sandbox; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": (
        "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), serial=()"
    ),
    # What other origins may read depends on who asks.
    "vary": "Origin",
}


class SecurityHeaders:
    """Adds the headers an answer does not set itself."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        hosts = {urlsplit(origin).hostname for origin in settings.cors_allowed_origins}
        # Other sites show pictures only where a person listed them; ports make no other site.
        embedding = "same-site" if hosts <= {"localhost"} else "cross-origin"
        self._headers = _HEADERS | {"cross-origin-resource-policy": embedding}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self._headers | _headers_for(scope)).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _headers_for(scope: Scope) -> dict[str, str]:
    is_file = scope["path"].startswith(f"{API_PREFIX}/")
    headers = {"content-security-policy": _FILE_POLICY if is_file else _PAGE_POLICY}
    host = Headers(scope=scope).get("host", "")
    if scope["scheme"] == "https" or host.partition(":")[0] == "localhost":
        # Elsewhere browsers ignore it, and complain on every page.
        headers["cross-origin-opener-policy"] = "same-origin"
    return headers
