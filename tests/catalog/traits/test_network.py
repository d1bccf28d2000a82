import pytest

from tests.catalog.traits.hosts import KERNEL, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.network import Interface, NetworkTraits, Route, collect_network
from vigo.core.errors import UnavailableError

ROUTES = (
    Route(destination="0.0.0.0/0", gateway="192.0.2.1", interface="eth0"),
    Route(destination="192.0.2.0/24", gateway="", interface="eth0"),
)


def test_the_network_is_told_in_full() -> None:
    assert collect_network.collect(debian()) == NetworkTraits(
        hostname="web-1",
        fqdn="web-1.example.com",
        interfaces={
            "eth0": Interface(
                mac="52:54:00:12:34:56",
                mtu_bytes=1500,
                up=True,
                addresses=("192.0.2.7/24", "2001:db8::7/64", "fe80::1/64"),
            ),
            "eth1": Interface(mac="52:54:00:12:34:57", mtu_bytes=1500, up=False, addresses=()),
            "lo": Interface(mac="", mtu_bytes=65536, up=True, addresses=("127.0.0.1/8",)),
        },
        addresses=("192.0.2.7", "2001:db8::7"),
        routes=ROUTES,
        dns=("192.0.2.53",),
        dns_search=("example.com",),
    )


def test_without_ip_the_kernels_tables_say_the_same() -> None:
    found = collect_network.collect(alpine())
    assert isinstance(found, NetworkTraits)
    assert found.interfaces["eth0"] == Interface(
        mac="52:54:00:12:34:56", mtu_bytes=1500, up=True, addresses=("192.0.2.7/24", "2001:db8::7/64")
    )
    assert found.interfaces["lo"].addresses == ("127.0.0.1/8", "::1/128")
    assert set(found.interfaces) == {"eth0", "lo"}
    assert found.addresses == ("192.0.2.7", "2001:db8::7")
    assert found.routes == ROUTES


def test_a_host_that_tells_only_its_name_has_an_empty_network() -> None:
    found = collect_network.collect(redhat())
    assert found == NetworkTraits(
        hostname="web-1", fqdn="web-1", interfaces={}, addresses=(), routes=(), dns=(), dns_search=()
    )


def test_an_image_has_the_name_in_its_file_and_no_interface_of_the_machine_outside() -> None:
    files = {**KERNEL, "/etc/hostname": "# set by the image\nedge-1\n", "/etc/hosts": "10.0.0.1 edge-1.lan edge-1\n"}
    found = collect_network.collect(image(files))
    assert found == NetworkTraits(
        hostname="edge-1", fqdn="edge-1.lan", interfaces={}, addresses=(), routes=(), dns=(), dns_search=()
    )


def test_an_empty_image_has_the_empty_name() -> None:
    found = collect_network.collect(image())
    assert isinstance(found, NetworkTraits)
    assert (found.hostname, found.fqdn) == ("", "")


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_network.collect(debian(unreadable("/etc/resolv.conf")))
