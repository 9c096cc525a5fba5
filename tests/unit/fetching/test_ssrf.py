"""Blocked addresses: every class but the public internet's."""

from ipaddress import ip_network

import pytest

from lib.fetching.ssrf import get_block_reason, parse_address

BLOCKED = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "private IPv6": ["fc00::1", "fd12:3456:789a::1"],
    "carrier": ["100.64.0.1", "100.127.255.255"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%2", "febf::1"],
    "metadata": ["169.254.169.254", "169.254.170.2", "169.254.169.253", "fd00:ec2::254"],
    "site-local": ["fec0::1", "feff::1"],
    "multicast": ["224.0.0.1", "224.0.1.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.0.9", "192.0.0.170"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmark": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "relay": ["192.88.99.1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8"],
    "compatible": ["::127.0.0.1", "::8.8.8.8"],
    "translated": ["::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a9fe:a9fe"],
    "6to4": ["2002:7f00:1::", "2002:808:808::1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
    "discard": ["100::1"],
    "not given out": ["4000::1", "5f00::1", "8000::1", "e000::1", "200::1"],
}
ALLOWED = [
    *("8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.128.0.1", "223.255.255.254"),
    *("2606:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "2001:200::1"),
]


@pytest.mark.parametrize(
    "address", [address for addresses in BLOCKED.values() for address in addresses]
)
def test_what_is_not_public_is_blocked(address: str) -> None:
    assert get_block_reason(parse_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", ALLOWED)
def test_what_is_public_is_allowed(address: str) -> None:
    assert get_block_reason(parse_address(address), allow_loopback=False) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3"])
def test_loopback_can_be_allowed(address: str) -> None:
    assert get_block_reason(parse_address(address), allow_loopback=True) is None


@pytest.mark.parametrize(
    "address",
    [
        address
        for addresses in BLOCKED.values()
        for address in addresses
        if not address.startswith("127.")
    ],
)
def test_allowing_loopback_allows_nothing_else(address: str) -> None:
    assert get_block_reason(parse_address(address), allow_loopback=True)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("10.0.0.0/8", "RFC 1918"),
        ("169.254.0.0/16", "RFC 3927"),
        ("100.64.0.0/10", "RFC 6598"),
        ("64:ff9b::/96", "RFC 6052"),
        ("2002::/16", "RFC 3056"),
        ("2001::/32", "RFC 4380"),
        ("fd00:ec2::/32", "AWS"),
    ],
)
def test_a_network_is_blocked_from_its_first_to_its_last_address(network: str, reason: str) -> None:
    for address in (ip_network(network)[0], ip_network(network)[-1]):
        assert reason in str(get_block_reason(address, allow_loopback=False))
