import sys
from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.ports import ListeningPort, PortsTraits, collect_ports
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ANY, LOCAL, ANY6 = "00000000", f"{int.from_bytes(bytes([127, 0, 0, 1]), sys.byteorder):08X}", "0" * 32
NOTHING = PortsTraits(tcp=(), udp=(), listening=(), count=0)


def row(address: str, port: int, state: str, inode: int) -> str:
    return (
        f"   0: {address}:{port:04X} {'0' * len(address)}:0000 {state} 00000000:00000000 00:00000000 00000000 "
        f"    0        0 {inode} 1 00000000ceab12e0 100 0 0 10 0\n"
    )


def process(pid: int, name: str, *sockets: int) -> dict[str, str | bytes | FakeNode]:
    """Return a process that holds sockets from its third descriptor on."""
    return {
        f"/proc/{pid}/exe": FakeNode.symlink(f"/usr/sbin/{name}"),
        f"/proc/{pid}/comm": f"{name}\n",
        f"/proc/{pid}/fd/0": FakeNode.symlink("/dev/null"),
        **{f"/proc/{pid}/fd/{3 + at}": FakeNode.symlink(f"socket:[{inode}]") for at, inode in enumerate(sockets)},
    }


def collected(host: FakeHost) -> PortsTraits:
    found = collect_ports.collect(host)
    assert isinstance(found, PortsTraits)
    return found


def place(protocol: str, port: int, address: str, process: str) -> ListeningPort:
    return ListeningPort(protocol=protocol, port=port, address=address, process=process)


def test_debian_listens_with_the_processes_that_hold_the_sockets() -> None:
    files: Files = {
        "/proc/net/tcp": HEADER
        + row(ANY, 22, "0A", 11)
        + row(LOCAL, 5432, "0A", 12)
        + row(LOCAL, 40_000, "01", 13)
        + row(ANY, 50_000, "06", 0),
        "/proc/net/tcp6": HEADER + row(ANY6, 22, "0A", 14),
        "/proc/net/udp": HEADER + row(LOCAL, 323, "07", 15) + row(LOCAL, 41_000, "01", 16),
        "/proc/net/udp6": HEADER,
        **process(500, "sshd", 11, 14),
        **process(600, "postgres", 13, 12),
        **process(610, "postgres", 12),
    }
    assert collected(debian(files)) == PortsTraits(
        tcp=(22, 5432),
        udp=(323,),
        listening=(
            place("tcp", 22, "0.0.0.0", "sshd"),  # noqa: S104 - what it tells
            place("tcp", 22, "::", "sshd"),
            place("tcp", 5432, "127.0.0.1", "postgres"),
            place("udp", 323, "127.0.0.1", ""),
        ),
        count=4,
    )


def test_a_socket_that_systemd_of_red_hat_handed_on_is_the_services() -> None:
    files: Files = {
        "/proc/net/tcp": HEADER + row(ANY, 22, "0A", 11) + row(ANY, 111, "0A", 12),
        **process(1, "systemd", 11, 12),
        **process(700, "sshd", 11),
    }
    assert [(one.port, one.process) for one in collected(redhat(files)).listening] == [(22, "sshd"), (111, "systemd")]


def test_the_kernel_of_alpine_and_what_may_not_be_looked_into_have_no_name() -> None:
    files: Files = {
        "/proc/net/udp": HEADER + row(ANY, 51_820, "07", 21) + row(ANY, 53, "07", 22) + row(ANY, 67, "07", 0),
        "/proc/2/fd": FakeNode.directory(),
        "/proc/900/exe": FakeNode.symlink("/usr/sbin/named"),
        "/proc/900/fd/3": FakeNode.symlink("socket:[22]"),
        **unreadable("/proc/900/comm"),
    }
    assert [(one.port, one.process) for one in collected(alpine(files)).listening] == [(53, ""), (67, ""), (51_820, "")]


def test_several_sockets_on_one_place_are_told_once_with_the_first_process() -> None:
    files: Files = {
        "/proc/net/tcp": HEADER + row(ANY, 80, "0A", 31) + row(ANY, 80, "0A", 32),
        **process(1200, "nginx", 32),
        **process(90, "nginx-first", 31),
    }
    found = collected(debian(files))
    assert [one.process for one in found.listening] == ["nginx-first"]
    assert found.count == 1


def test_the_search_ends_with_the_last_socket_found() -> None:
    files: Files = {
        "/proc/net/tcp": HEADER + row(ANY, 80, "0A", 31),
        **process(90, "nginx", 31),
        "/proc/91/exe": FakeNode.symlink("/bin/never-asked"),
    }
    host = debian(files)
    asked: list[str] = []
    read_link = host.read_link

    def recorded(path: str) -> str | None:
        asked.append(path)
        return read_link(path)

    host.read_link = recorded  # type: ignore[method-assign]
    assert collected(host).listening[0].process == "nginx"
    assert "/proc/91/exe" not in asked


def test_without_sockets_no_process_is_looked_into() -> None:
    files: Files = {"/proc/net/tcp": HEADER, "/proc/90/exe": FakeNode.symlink("/bin/x")}
    host = debian(files)
    host.list_directory = _never  # type: ignore[method-assign]
    assert collected(host) == NOTHING


def test_the_kernels_own_threads_are_passed_over_at_once() -> None:
    host = debian({"/proc/net/tcp": HEADER + row(ANY, 80, "0A", 31), "/proc/2/fd": FakeNode.directory()})
    list_directory = host.list_directory
    host.list_directory = lambda path: list_directory(path) if path == "/proc" else _never(path)  # type: ignore[method-assign]
    assert collected(host).listening == (place("tcp", 80, "0.0.0.0", ""),)  # noqa: S104 - what it tells


def _never(path: str) -> tuple[str, ...] | None:
    raise AssertionError(f"expected no look at {path}")


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_a_host_without_tables_listens_on_nothing(build: Callable[[], FakeHost]) -> None:
    assert collected(build()) == NOTHING


def test_of_many_places_the_first_are_told_and_all_are_counted() -> None:
    rows = "".join(row(ANY, port, "0A", port) for port in range(1, 1501))
    found = collected(debian({"/proc/net/tcp": HEADER + rows}))
    assert (len(found.listening), len(found.tcp), found.count) == (200, 1000, 1500)


def test_a_process_with_very_many_descriptors_is_looked_at_to_the_1024th() -> None:
    files = {
        "/proc/net/tcp": HEADER + row(ANY, 80, "0A", 1000) + row(ANY, 81, "0A", 2000),
        **process(90, "busy", *range(1, 2001)),
    }
    assert [one.process for one in collected(debian(files)).listening] == ["busy", ""]


def test_an_unreadable_table_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(unreadable("/proc/net/udp6")))


def test_an_image_listens_on_nothing() -> None:
    with pytest.raises(UnavailableError, match="an image listens on nothing"):
        collected(image(KERNEL))
