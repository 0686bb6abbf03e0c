"""The one way out: every connection that the program opens to another machine begins here.

The name in an address is resolved once, the result is judged, and the connection goes to just that
result: a name that means something else a moment later changes nothing. Redirects are judged alike.
"""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2

from lumilio.errors import LumilioError

_SCHEMES = ("http", "https")


class AddressRefused(LumilioError):
    """An address is not one that this program may connect to."""

    status = 400
    title = "This address may not be connected to"


def client(*, private_hosts: Collection[str] = (), timeout_s: float = 15.0) -> httpx2.Client:
    """An HTTP client for addresses on the internet, and for the private ones among `private_hosts`.

    Requests raise AddressRefused before anything is sent, httpx2.InvalidURL and httpx2.HTTPError.
    """
    transport = _PinningTransport(frozenset(host.lower() for host in private_hosts))
    # Proxies from the environment would resolve names themselves.
    return httpx2.Client(
        transport=transport, timeout=timeout_s, follow_redirects=False, trust_env=False
    )


class _PinningTransport(httpx2.BaseTransport):
    """Connects to the address that was judged, in the name of the host that was asked for."""

    def __init__(self, private_hosts: frozenset[str]) -> None:
        self._private_hosts = private_hosts
        self._inner = httpx2.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme not in _SCHEMES:
            raise AddressRefused("Only http and https addresses can be used")
        host = request.url.host
        address = _resolved(host, request.url.port or _default_port(request.url.scheme))
        if not _is_public(address) and host.lower() not in self._private_hosts:
            raise AddressRefused(
                f"{host} is inside a private network, which has to be allowed first"
            )
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=str(address))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def _resolved(host: str, port: int) -> IPv4Address | IPv6Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{host} cannot be found", cause=str(error)) from error
    # Without a trial of both, IPv4 is the one that works wherever the other does.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return ip_address(str(found[0][4][0]).partition("%")[0])


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    judged = mapped or address
    return judged.is_global and not judged.is_multicast


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
