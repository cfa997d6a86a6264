"""No spelling of an inner address gets past the guard, and the operator's list opens exactly what it names."""

import ipaddress

import pytest

from services.chassis.egress import Egress, EgressRefused, HostUnknown

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fd00::1",
    "fe80::1%eth0",
]


@pytest.mark.parametrize("address", INSIDE)
def test_inner_addresses_are_refused(address: str) -> None:
    with pytest.raises(EgressRefused):
        Egress(resolver=lambda host, port: [address]).resolve("db.example.com", 5432)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_public_addresses_pass(address: str) -> None:
    assert Egress(resolver=lambda host, port: [address]).resolve("db.example.com", 5432) == [address]


def test_one_inner_address_among_public_ones_refuses_the_host() -> None:
    with pytest.raises(EgressRefused):
        Egress(resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"]).resolve("rebinding.example.com", 80)


def test_the_operator_opens_a_network_and_no_more() -> None:
    egress = Egress([ipaddress.ip_network("127.0.0.0/8")], resolver=lambda host, port: [host])
    assert egress.resolve("127.0.0.1", 80) == ["127.0.0.1"]
    assert egress.resolve("::ffff:127.0.0.1", 80) == ["::ffff:127.0.0.1"]
    with pytest.raises(EgressRefused):
        egress.resolve("10.0.0.1", 80)


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0", "localhost"])
def test_other_spellings_of_loopback_are_judged_by_what_they_resolve_to(host: str) -> None:
    with pytest.raises((EgressRefused, HostUnknown)):
        Egress().resolve(host, 80)


def test_a_host_without_an_address_is_unknown() -> None:
    with pytest.raises(HostUnknown):
        Egress(resolver=lambda host, port: []).resolve("nowhere.example.com", 80)
