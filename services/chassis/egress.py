"""Where this platform may connect to on behalf of a user: every resolved address is judged, not the name."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], list[str]]

# Ranges that `is_global` does not judge alike in all versions of the standard library.
_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


class HostUnknown(Exception):
    """The name has no address."""


class EgressRefused(Exception):
    """The host resolves to an address inside the installation or its network."""


class Egress:
    """Resolves a host once and judges each address; the caller connects to an address it was given."""

    def __init__(self, allow: Sequence[Network] = (), resolver: Resolver | None = None) -> None:
        self._allow = tuple(allow)
        self._resolve = resolver or _system_resolver

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them allowed. Blocks: call it in a thread.

        Raises HostUnknown, or EgressRefused when any address is special and not on the operator's list.
        """
        found = self._resolve(host.strip("[]"), port)
        if not found:
            raise HostUnknown(f"the host {host!r} has no address")
        for text in found:
            if not self.allows(text):
                raise EgressRefused(
                    f"the host {host!r} leads to an address that is not public; the operator can allow its network"
                )
        return found

    def allows(self, address: str) -> bool:
        """Whether a connection to this address may be made."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        return all(self._listed(item) or _public(item) for item in _inner(parsed))

    def _listed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._allow)


def _inner(address: Address) -> list[Address]:
    """The address and the IPv4 address that it carries inside, if it is of such a form."""
    found: list[Address] = [address]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            found.append(address.sixtofour)
        if address.teredo is not None:
            found.extend(address.teredo)
        if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
            found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _public(address: Address) -> bool:
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    return address in _NAT64 or address.is_global


def _system_resolver(host: str, port: int) -> list[str]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise HostUnknown(f"the host {host!r} is not known to the name service") from None
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
