"""Where a request comes from: which machine, and whose page."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import Request

from lumilio.errors import BadRequest, Forbidden

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s/:@?#\[\]]+))(?::\d{1,5})?")
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST.pattern}")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_from_this_machine(request: Request) -> bool:
    """A proxy on this machine speaks for others, so forwarded requests do not count."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    # A connection whose two ends have one address began on this machine, too.
    return is_own_address(request, request.client.host)


def is_own_page(request: Request) -> bool:
    """Whether no page sent this, or one that this server gave out under the same name."""
    origin = origin_of(request)
    if origin is None:
        return request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    scheme, _, netloc = origin.partition("://")
    # A proxy may have ended TLS, so the scheme of this connection says nothing.
    port = _DEFAULT_PORTS.get(scheme, "")
    return netloc.removesuffix(port) == request.headers.get("host", "").lower().removesuffix(port)


def is_on_this_machine(request: Request) -> bool:
    """Whether somebody at this machine asks, and not a page of somebody else's.

    Nobody at it calls it by a name that was made for others; a silent proxy would pass that on.
    """
    host = host_of(request)
    is_called_locally = host == "localhost" or is_own_address(request, host)
    return is_from_this_machine(request) and is_called_locally and is_own_page(request)


def require_own_page(request: Request, listed: Collection[str]) -> None:
    """Raises Forbidden for a page of another site, unless its origin is listed.

    Without this, any site could make a browser sign in, or act by a cookie that it holds.
    """
    if not is_own_page(request) and origin_of(request) not in listed:
        raise Forbidden("Pages of other sites may not do this", cause="foreign_request_origin")


def origin_of(request: Request) -> str | None:
    """The origin of the page that a browser names, None without one; raises BadRequest."""
    sent = request.headers.getlist("origin")
    if not sent:
        return None
    origin = sent[0].lower()
    if len(sent) > 1 or not _ORIGIN.fullmatch(origin):
        raise BadRequest("The origin of the page is not valid", cause="invalid_request_origin")
    return origin


def host_of(request: Request) -> str:
    """The name or address that this server was called by, without its port; raises BadRequest."""
    sent = request.headers.getlist("host")
    found = _HOST.fullmatch(sent[0].lower()) if len(sent) == 1 else None
    if found is None:
        raise BadRequest("The Host header is missing or not valid", cause="invalid_request_host")
    return (found[1] or found[2]).removesuffix(".")


def is_own_address(request: Request, host: str) -> bool:
    """Whether a host is the address that this connection arrived on, or any loopback address."""
    address = _address(host)
    return address is not None and (address.is_loopback or address == _server_address(request))


def _server_address(request: Request) -> IPv4Address | IPv6Address | None:
    """The address on which this connection arrived."""
    server: tuple[str, int | None] | None = request.scope.get("server")
    return _address(server[0]) if server else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is; None when it is a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
