"""What this machine is called on its network."""

import socket
from collections.abc import Iterable
from ipaddress import ip_address

import psutil

from lumilio.settings import Settings

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def own_names(allowed: Iterable[str]) -> frozenset[str]:
    """The names of this machine, and those that its settings add; all in lower case."""
    name = socket.gethostname().lower()
    first = name.partition(".")[0]
    names = {"localhost", name, first, f"{first}.local", *map(str.lower, allowed)}
    return frozenset(names - {"", *_EVERY_ADDRESS})


def network_urls(settings: Settings, port: int) -> list[str]:
    """Where other machines find the server, if they may; those of home networks first."""
    if not settings.is_open_to_network:
        return []
    host = settings.listening_host
    hosts = [host] if host not in _EVERY_ADDRESS else _network_addresses()
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host in hosts]


def _network_addresses() -> list[str]:
    found = [
        ip_address(address.address)
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    usable = [address for address in found if not address.is_loopback and not address.is_link_local]
    return [str(address) for address in sorted(usable, key=lambda a: (not a.is_private, str(a)))]
