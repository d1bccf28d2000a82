import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

import msgspec
import pytest

import vigo
from tests.catalog.traits.hosts import debian, image
from vigo.agent.collect import collect_all
from vigo.agent.journal.records import CollectCache
from vigo.agent.machine import Collected
from vigo.catalog.api import EVERY_CYCLE, Collector, ReadHost, TraitSet, field
from vigo.catalog.scan import collectors
from vigo.catalog.traits.measured import measured
from vigo.core.encoding import decode, digest_of, encode
from vigo.core.errors import UnavailableError
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost

HOUR = timedelta(hours=1)
LIMIT = timedelta(seconds=30)
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Facts(TraitSet, frozen=True, kw_only=True):
    count: Annotated[int, field("How often it was read.")]
    free: Annotated[int, measured("Percent.", step=10)] = 0


class Reader:
    """Counts how often it reads, and fails or waits when told to."""

    def __init__(self) -> None:
        self.count = 0
        self.free = 0
        self.error: Exception | None = None
        self.gate: threading.Event | None = None

    def __call__(self, _host: ReadHost) -> Facts:
        if self.gate is not None:
            self.gate.wait()
        if self.error is not None:
            raise self.error
        self.count += 1
        return Facts(count=self.count, free=self.free)


class World:
    """A host with two sets, one hourly and one of every cycle, and a cache that goes through the journal's form."""

    def __init__(self) -> None:
        self.host = FakeHost({BOOT_ID: "boot-1\n"})
        self.clock = FakeClock()
        self.slow, self.quick = Reader(), Reader()
        self.cache: dict[str, Any] = {}

    def collect(self) -> Collected:
        declared = {
            "slow": Collector("slow", HOUR, LIMIT, Facts, self.slow),
            "quick": Collector("quick", EVERY_CYCLE, LIMIT, Facts, self.quick),
        }
        collected = collect_all(self.host, self.clock, self.cache, declared)
        self.cache = decode(encode(CollectCache(collected.cache)), CollectCache).content
        return collected

    def counts(self) -> dict[str, int]:
        return {name: fields["count"] for name, fields in self.collect().traits.items()}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name.startswith("traits-"):
            thread.join()


def test_a_set_is_read_when_its_period_is_over_and_taken_over_until_then(world: World) -> None:
    assert world.counts() == {"slow": 1, "quick": 1}
    world.clock.advance(HOUR - timedelta(seconds=1))
    assert world.counts() == {"slow": 1, "quick": 2}
    world.clock.advance(timedelta(seconds=1))
    assert world.counts() == {"slow": 2, "quick": 3}


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_was_set_makes_everything_due(world: World, jump: timedelta) -> None:
    world.counts()
    world.clock.jump(jump)
    assert world.counts()["slow"] == 2
    assert world.counts()["slow"] == 2


def test_after_a_boot_everything_is_read_anew(world: World) -> None:
    world.counts()
    world.host = FakeHost({BOOT_ID: "boot-2\n"})
    assert world.counts()["slow"] == 2


def test_after_an_update_of_the_agent_everything_is_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.counts()
    monkeypatch.setattr(vigo, "__version__", "99.0")
    assert world.counts()["slow"] == 2


@pytest.mark.parametrize("previous", [{"os": {"family": "debian"}}, {"sets": 3}, {"sets": {"slow": {"at": "x"}}}])
def test_a_cache_of_another_shape_counts_for_nothing(world: World, previous: dict[str, Any]) -> None:
    world.cache = previous
    assert world.counts() == {"slow": 1, "quick": 1}


def test_a_set_that_no_longer_exists_is_forgotten(world: World) -> None:
    world.collect()
    world.cache["sets"]["gone"] = world.cache["sets"]["slow"]
    assert set(world.counts()) == {"slow", "quick"}
    assert set(world.cache["sets"]) == {"slow", "quick"}


@pytest.mark.parametrize("error", [UnavailableError("the disk is away"), ValueError("the disk is away")])
def test_a_set_that_fails_is_told_and_costs_no_other(world: World, error: Exception) -> None:
    world.quick.error = error
    collected = world.collect()
    assert set(collected.traits) == {"slow"}
    assert set(collected.failures) == {"quick"}
    assert "the disk is away" in collected.failures["quick"]
    world.quick.error = None
    assert world.counts() == {"slow": 1, "quick": 1}


def test_a_slow_set_that_fails_keeps_its_value_for_one_more_period_and_is_tried_each_time(world: World) -> None:
    world.counts()
    world.slow.error = UnavailableError("away")
    world.clock.advance(HOUR)
    collected = world.collect()
    assert collected.traits["slow"]["count"] == 1
    assert collected.failures == {"slow": "away"}
    world.clock.advance(HOUR - timedelta(seconds=1))
    assert world.collect().traits["slow"]["count"] == 1
    world.clock.advance(timedelta(seconds=1))
    assert "slow" not in world.collect().traits
    world.slow.error = None
    assert world.counts()["slow"] == 2


def test_a_set_of_every_cycle_that_fails_is_left_out_at_once(world: World) -> None:
    world.counts()
    world.quick.error = UnavailableError("away")
    assert set(world.collect().traits) == {"slow"}


def test_a_set_that_takes_too_long_is_told_and_costs_no_other(world: World, gate: threading.Event) -> None:
    world.slow.gate = gate
    declared = {
        "slow": Collector("slow", HOUR, timedelta(0), Facts, world.slow),
        "quick": Collector("quick", EVERY_CYCLE, LIMIT, Facts, world.quick),
    }
    collected = collect_all(world.host, world.clock, {}, declared)
    assert set(collected.traits) == {"quick"}
    assert collected.failures == {"slow": "expected an answer within 0 s, found none; it is tried again next time"}


def test_sets_that_wait_for_each_other_are_all_collected(world: World) -> None:
    """The first waits until the last is collected, and each in between for the one after it."""
    gates = [threading.Event() for _ in range(6)]

    def reader(number: int) -> Reader:
        made = Reader()
        made.gate = gates[number]
        return made

    readers = [reader(number) for number in range(5)]

    def last(_host: ReadHost) -> Facts:
        for gate in reversed(gates):
            gate.set()
        return Facts(count=1)

    declared = {f"s{number}": Collector(f"s{number}", HOUR, LIMIT, Facts, one) for number, one in enumerate(readers)}
    declared["t"] = Collector("t", HOUR, LIMIT, Facts, last)
    assert set(collect_all(world.host, world.clock, {}, declared).traits) == {"s0", "s1", "s2", "s3", "s4", "t"}


def test_sets_that_do_not_wait_share_a_thread(world: World) -> None:
    threads: set[int] = set()

    def read(_host: ReadHost) -> Facts:
        threads.add(threading.get_ident())
        return Facts(count=1)

    names = [f"s{number}" for number in range(30)]
    collected = collect_all(
        world.host, world.clock, {}, {name: Collector(name, HOUR, LIMIT, Facts, read) for name in names}
    )
    assert set(collected.traits) == set(names)
    assert len(threads) < len(names), "on a machine under load some may be begun beside others"


def test_a_set_that_hangs_is_not_tried_again_before_it_came_back(world: World, gate: threading.Event) -> None:
    declared = {"slow": Collector("slow", HOUR, timedelta(0), Facts, world.slow)}
    world.slow.gate = gate
    for _ in range(3):
        collected = collect_all(world.host, world.clock, {}, declared)
        assert set(collected.failures) == {"slow"}
    assert "an earlier attempt still waits" in collected.failures["slow"]
    hanging = [thread for thread in threading.enumerate() if thread.name == "traits-slow"]
    assert len(hanging) == 1
    assert hanging[0].daemon
    gate.set()
    hanging[0].join()
    assert world.counts()["slow"] == 2


def test_a_measured_value_is_news_only_once_it_moved_by_its_step(world: World) -> None:
    values = (50, 55, 45, 59, 60, 55, 51, 50)
    told = []
    for value in values:
        world.quick.free = value
        told.append(world.collect().traits["quick"]["free"])
    assert told == [50, 50, 50, 50, 60, 60, 60, 50]


def test_what_cannot_be_encoded_costs_its_own_set_alone(world: World) -> None:
    world.quick.free = 2**70
    collected = world.collect()
    assert set(collected.traits) == {"slow"}
    assert "OverflowError" in collected.failures["quick"]


def _moved(host: FakeHost) -> FakeHost:
    """Return the host five minutes later: everything that never stands still has moved a little."""
    meminfo = (host.read_text("/proc/meminfo") or "").replace("MemAvailable: 400", "MemAvailable: 431")
    return debian(
        {
            "/proc/meminfo": meminfo,
            "/proc/uptime": "173101.01 1.00\n",
            "/proc/self/status": "VmRSS:\t 31234 kB\n",
            "/proc/self/stat": "7 (vigo) S 1 7 7 0 -1 4194560 1 2 3 4 950 75 0 0 20 0 1 0 5 6 7\n",
        }
    )


def test_a_machine_on_which_nothing_happens_sends_no_traits_again() -> None:
    clock, host = FakeClock(), debian()
    first = collect_all(host, clock, {})
    clock.advance(timedelta(days=2))
    second = collect_all(_moved(host), clock, first.cache)
    assert digest_of(first.traits) == digest_of(second.traits)
    assert not first.failures


def test_an_image_has_the_sets_that_can_be_read_in_it_and_a_reason_for_each_other() -> None:
    collected = collect_all(image(), FakeClock(), {})
    assert set(collected.traits) >= {"agent", "cron", "groups", "network", "os", "services", "sudo", "time", "users"}
    assert all(collected.failures[name].startswith("an image ") for name in ("filesystems", "hardware", "memory"))
    assert set(collected.traits) | set(collected.failures) == set(collectors())


def test_traits_and_cache_survive_the_journal_unchanged() -> None:
    collected = collect_all(debian(), FakeClock(), {})
    assert decode(encode(CollectCache(collected.cache)), CollectCache).content == msgspec.msgpack.decode(
        encode(collected.cache)
    )
    again = collect_all(debian(), FakeClock(), decode(encode(collected.cache), dict[str, Any]))
    assert digest_of(again.traits) == digest_of(collected.traits)
