"""Which addresses a URL may lead to: the public internet's, and nothing inside or beside it.

What a stranger names is opened from inside the cloud, where addresses that no outsider reaches
answer without a password. The table is our own: Python's `is_global` changed from 3.11 to 3.13,
and says yes to addresses that only carry another one inside.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# First match counts: what is more telling stands before what contains it.
_REFUSED = {
    ip_network(network): why
    for network, why in {
        "0.0.0.0/8": "unspecified (RFC 1122)",
        "10.0.0.0/8": "private (RFC 1918)",
        "100.64.0.0/10": "behind a carrier's NAT (RFC 6598)",
        "127.0.0.0/8": "loopback (RFC 1122)",
        # The metadata of EC2 and Lambda, and the credentials in it, are at 169.254.169.254.
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
        "::/96": "an IPv4 address in disguise (compatible, RFC 4291)",
        "::ffff:0:0/96": "an IPv4 address in disguise (mapped, RFC 4291)",
        "::ffff:0:0:0/96": "an IPv4 address in disguise (translated, RFC 2765)",
        "64:ff9b::/96": "an IPv4 address in disguise (NAT64, RFC 6052)",
        "64:ff9b:1::/48": "an IPv4 address in disguise (NAT64, RFC 8215)",
        "100::/64": "discarded (RFC 6666)",
        "2001::/32": "an IPv4 address in disguise (Teredo, RFC 4380)",
        "2001::/23": "reserved for protocols (RFC 2928)",
        "2001:db8::/32": "for documentation (RFC 3849)",
        "2002::/16": "an IPv4 address in disguise (6to4, RFC 3056)",
        "3fff::/20": "for documentation (RFC 9637)",
        "fd00:ec2::/32": "AWS's own (instance metadata)",
        "fc00::/7": "private (RFC 4193)",
        "fe80::/10": "link-local (RFC 4291)",
        "fec0::/10": "site-local (RFC 3879)",
        "ff00::/8": "multicast (RFC 4291)",
    }.items()
}
# All that has been given out for global unicast so far; what is given out next is not missed.
_GLOBAL_IPV6 = ip_network("2000::/3")
# What a stage on one's own machine may talk to beside the internet: not ::1, which nothing needs.
_LOOPBACK = ip_network("127.0.0.0/8")


def is_loopback(address: Address) -> bool:
    """Whether `allow_loopback` is what lets the address pass."""
    return address in _LOOPBACK


def get_block_reason(address: Address, *, allow_loopback: bool) -> str | None:
    """Why nothing may be fetched from an address, in a few words; None where it may.

    `allow_loopback` lets 127.0.0.0/8 pass and nothing else.
    """
    if allow_loopback and is_loopback(address):
        return None
    for network, why in _REFUSED.items():
        if address in network:
            return why
    in_use = address.version == 4 or address in _GLOBAL_IPV6  # noqa: PLR2004  IPv4
    return None if in_use and address.is_global else "not global unicast (RFC 4291)"


def parse_address(text: str) -> Address:
    """An address as getaddrinfo gives it; the zone of a link-local one stays part of it."""
    return ip_address(text)
