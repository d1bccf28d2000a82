from collections.abc import Callable, Mapping

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.measured import settled
from vigo.catalog.traits.processes import ProcessesTraits, collect_processes
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

# The first columns of /proc/PID/stat of Linux 3.10 (Red Hat 7), 6.1 (Debian 12) and 6.6 in a container (Alpine). Idle
# threads of the kernel are I since 4.14, before that S; in a container the second process is any program.
RED_HAT_7 = (
    (
        "1 (systemd) S 0 1 1 0 -1 4202752 13245 1106262 21 497 109 210 2045 834 20 0 1 0 2 130748416 1685"
        " 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 18446744073709551615 0 0 17 0 0 0 16 0 0 0 0 0 0 0 0 0 0"
    ),
    ("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0 18446744073709551615 0 0 0"),
    "5 (kworker/0:0H) S 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 0 -20 1 0 2 0 0 18446744073709551615 0 0 0 0 0 0 0",
    "703 (NetworkManager) S 1 703 703 0 -1 4202752 2000 0 30 0 20 10 0 0 20 0 3 0 700 560000000 2500",
    "1100 (java) D 1 1100 1100 0 -1 4202752 90000 0 90 0 900 100 0 0 20 0 42 0 1200 4560000000 92500",
)
DEBIAN_12 = (
    "1 (systemd) S 0 1 1 0 -1 4194560 9050 80211 71 300 40 61 200 90 20 0 1 0 4 104079360 3277",
    "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0 0 0 0 0 0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0",
    "3 (rcu_gp) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 0 -20 1 0 4 0 0 0 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 0 0 0",
    "11 (rcu_tasks_kthread) I 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0 0 0 0 0 0 0 0 0 0 2147483647 0 1",
    "402 ((sd-pam)) S 401 401 401 0 -1 1077936448 60 0 0 0 0 0 0 0 20 0 1 0 900 106000000 900 0 0 0 0 0 0 0 0",
    "950 (tmux: server) R 1 950 950 0 -1 4194368 900 0 0 0 5 5 0 0 20 0 1 0 9000 9000000 900 0 0 0 0 0 0 0 0",
    "977 (cat) T 950 977 950 34817 977 4194304 99 0 0 0 0 0 0 0 20 0 1 0 9100 5500000 200 0 0 0 0 0 0 0 0",
)
CONTAINER_OF_ALPINE = (
    "1 (tini) S 0 1 1 0 -1 4194560 60 0 0 0 0 0 0 0 20 0 1 0 90 900000 100 18446744073709551615 0 0 0 0 0 0 0",
    "2 (supervisord) S 1 1 1 0 -1 4194304 900 0 0 0 5 5 0 0 20 0 1 0 91 9000000 900 18446744073709551615 0 0 0 0",
    "9 (nginx) S 2 9 9 0 -1 4194304 900 0 0 0 5 5 0 0 20 0 1 0 95 9000000 900 18446744073709551615 0 0 0 0 0 0 0",
    "10 (nginx) Z 2 9 9 0 -1 4227084 900 0 0 0 5 5 0 0 20 0 1 0 95 0 0 18446744073709551615 0 0 0 0 0 0 0",
)


def process(pid: int, name: str, state: str = "S", parent: int = 1, threads: int = 1) -> Files:
    rest = f"7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 {threads} 0 5 6 7"
    return {f"/proc/{pid}/stat": f"{pid} ({name}) {state} {parent} {rest}\n"}


def collected(host: FakeHost) -> ProcessesTraits:
    found = collect_processes.collect(host)
    assert isinstance(found, ProcessesTraits)
    return found


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_processes_are_counted_by_what_they_do(build: Callable[[Files], FakeHost]) -> None:
    files: Files = {
        **process(1, "init", parent=0),
        **process(2, "kthreadd", parent=0),
        **process(3, "kworker/0:0H", "I", parent=2),
        **process(40, "my (odd) name", "R", threads=12),
        **process(41, "cp", "D"),
        **process(42, "vi", "T"),
        **process(43, "gdb-ed", "t"),
        **process(44, "sh", "Z", parent=40),
        "/proc/loadavg": "0 0 0 1/1 1\n",
    }
    assert collected(build(files)) == ProcessesTraits(
        count=8,
        looked_at=8,
        threads=19,
        kernel=1,
        running=1,
        blocked=1,
        stopped=2,
        zombies=1,
        zombie_parents=(),
    )


def test_who_leaves_many_zombies_is_named() -> None:
    files: dict[str, str | bytes | FakeNode] = {**process(1, "init", parent=0), **process(9, "java", parent=1)}
    for pid in range(100, 105):
        files.update(process(pid, "sh", "Z", parent=9))
    files.update(process(200, "sh", "Z", parent=1))
    found = collected(debian(files))
    assert (found.zombies, found.zombie_parents) == (6, ("java",))


def test_a_few_more_or_less_are_no_news() -> None:
    former = collected(debian(process(1, "init", parent=0))).as_values()
    found = {**former, "count": former["count"] + 49, "zombies": former["zombies"] + 4, "running": 7}
    assert settled(ProcessesTraits, found, former) == {**former, "running": 7}


def test_one_that_ended_meanwhile_is_passed_over() -> None:
    host = debian({**process(1, "init", parent=0), "/proc/77": FakeNode.directory()})
    assert (collected(host).count, collected(host).looked_at) == (2, 1)


def test_one_that_ends_while_it_is_read_is_passed_over() -> None:
    host = debian({**process(1, "init", parent=0), **process(77, "x")})
    read_text, stat = host.read_text, host.stat

    def read_ended(path: str) -> str | None:
        if path == "/proc/77/stat":
            raise UnavailableError(f"{path}: cannot be read: No such process")
        return read_text(path)

    host.read_text = read_ended  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="No such process"):
        collected(host)
    host.stat = lambda path: None if path == "/proc/77" else stat(path)  # type: ignore[method-assign]
    assert collected(host).looked_at == 1


def test_of_very_many_the_oldest_are_looked_at_and_all_are_counted() -> None:
    files = {f"/proc/{pid}/stat": b"" for pid in range(1, 4501)}
    files["/proc/1/stat"] = b"1 (init) S 0 7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 1 0 5\n"
    found = collected(FakeHost(files))
    assert (found.count, found.looked_at, found.threads) == (4500, 1, 1)


def test_a_process_that_may_not_be_looked_at_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(unreadable("/proc/7/stat")))


def test_without_the_kernels_folder_it_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="mount /proc"):
        collected(FakeHost())


def test_an_image_has_no_processes() -> None:
    with pytest.raises(UnavailableError, match="an image has no processes"):
        collected(image(KERNEL))


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (RED_HAT_7, {"threads": 48, "kernel": 1, "blocked": 1}),
        (DEBIAN_12, {"threads": 7, "kernel": 2, "running": 1, "stopped": 1}),
        (CONTAINER_OF_ALPINE, {"threads": 4, "zombies": 1}),
    ],
    ids=["redhat-7", "debian-12", "container-of-alpine"],
)
def test_the_kernels_of_all_distributions_tell_their_processes(
    rows: tuple[str, ...], wanted: Mapping[str, int]
) -> None:
    files = {f"/proc/{row.partition(' ')[0]}/stat": f"{row}\n" for row in rows}
    none = dict.fromkeys(("kernel", "running", "blocked", "stopped", "zombies"), 0)
    found = collected(FakeHost(files))
    assert found == ProcessesTraits(count=len(rows), looked_at=len(rows), zombie_parents=(), **{**none, **wanted})
