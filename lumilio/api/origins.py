"""Where a request comes from: which machine, and whose page."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def is_from_this_machine(request: Request) -> bool:
    """A proxy on this machine speaks for others, so forwarded requests do not count."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    address = ip_address(request.client.host)
    # A connection whose two ends have one address began on this machine, too.
    is_own_address = request.client.host == _server_host(request)
    return is_own_address or (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_own_page(request: Request) -> bool:
    """Other sites can make a browser on this machine send requests, even under their own name."""
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return False
    return request.url.hostname in {"localhost", "127.0.0.1", "::1", _server_host(request)}


def is_on_this_machine(request: Request) -> bool:
    """Whether somebody at this machine asks, and not a page of somebody else's."""
    return is_from_this_machine(request) and is_own_page(request)


def _server_host(request: Request) -> str:
    """The address on which this connection arrived."""
    server: tuple[str, int | None] | None = request.scope.get("server")
    return server[0] if server else ""
