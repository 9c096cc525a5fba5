"""Blocks all addresses but those of the public internet (server-side request forgery).

Workers run inside AWS, where some private addresses need no password. Python's `is_global` is not
enough: it changed from 3.11 to 3.13, and allows IPv6 addresses that embed another address.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# The first match counts, so a network stands before those that contain it.
_BLOCKED = {
    ip_network(network): reason
    for network, reason in {
        "0.0.0.0/8": "unspecified (RFC 1122)",
        "10.0.0.0/8": "private (RFC 1918)",
        "100.64.0.0/10": "behind a carrier's NAT (RFC 6598)",
        "127.0.0.0/8": "loopback (RFC 1122)",
        # 169.254.169.254 serves the instance metadata of EC2, with credentials.
        "169.254.0.0/16": "link-local (RFC 3927)",
        "172.16.0.0/12": "private (RFC 1918)",
        "192.0.0.0/24": "reserved for protocols (RFC 6890)",
        "192.0.2.0/24": "for documentation (RFC 5737)",
        "192.88.99.0/24": "a relay to 6to4 (RFC 7526)",
        "192.168.0.0/16": "private (RFC 1918)",
        "198.18.0.0/15": "for benchmarks (RFC 2544)",
        "198.51.100.0/24": "for documentation (RFC 5737)",
        "203.0.113.0/24": "for documentation (RFC 5737)",
        "224.0.0.0/4": "multicast (RFC 5771)",
        "240.0.0.0/4": "reserved (RFC 1112)",
        "::/128": "unspecified (RFC 4291)",
        "::1/128": "loopback (RFC 4291)",
        "::/96": "an embedded IPv4 address (compatible, RFC 4291)",
        "::ffff:0:0/96": "an embedded IPv4 address (mapped, RFC 4291)",
        "::ffff:0:0:0/96": "an embedded IPv4 address (translated, RFC 2765)",
        "64:ff9b::/96": "an embedded IPv4 address (NAT64, RFC 6052)",
        "64:ff9b:1::/48": "an embedded IPv4 address (NAT64, RFC 8215)",
        "100::/64": "discarded (RFC 6666)",
        "2001::/32": "an embedded IPv4 address (Teredo, RFC 4380)",
        "2001::/23": "reserved for protocols (RFC 2928)",
        "2001:db8::/32": "for documentation (RFC 3849)",
        "2002::/16": "an embedded IPv4 address (6to4, RFC 3056)",
        "3fff::/20": "for documentation (RFC 9637)",
        "fd00:ec2::/32": "AWS's own (instance metadata)",
        "fc00::/7": "private (RFC 4193)",
        "fe80::/10": "link-local (RFC 4291)",
        "fec0::/10": "site-local (RFC 3879)",
        "ff00::/8": "multicast (RFC 4291)",
    }.items()
}
# All global unicast addresses assigned so far.
_GLOBAL_IPV6 = ip_network("2000::/3")
# Local stages may connect to these too; ::1 stays blocked because nothing needs it.
_LOOPBACK = ip_network("127.0.0.0/8")


def is_loopback(address: Address) -> bool:
    """Returns whether `allow_loopback` applies to the address."""
    return address in _LOOPBACK


def get_block_reason(address: Address, *, allow_loopback: bool) -> str | None:
    """Returns why an address is blocked, in a few words; None if it is allowed.

    `allow_loopback` allows 127.0.0.0/8 and nothing else.
    """
    if allow_loopback and is_loopback(address):
        return None
    for network, reason in _BLOCKED.items():
        if address in network:
            return reason
    in_use = address.version == 4 or address in _GLOBAL_IPV6  # noqa: PLR2004  IPv4
    return None if in_use and address.is_global else "not global unicast (RFC 4291)"


def parse_address(text: str) -> Address:
    """Parses an address from getaddrinfo, including the zone of a link-local address."""
    return ip_address(text)
