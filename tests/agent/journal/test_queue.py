import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.agent.journal.conftest import run_of
from vigo.agent.journal.journal import Journal
from vigo.agent.journal.queue import PREFIX, ResultsQueue
from vigo.agent.journal.store import Store
from vigo.core.encoding import decode
from vigo.core.run import Run


def queue_in(folder: Path, max_runs: int = 3, max_bytes: int = 1_000_000) -> ResultsQueue:
    return ResultsQueue(Store(folder), max_runs=max_runs, max_bytes=max_bytes)


def drained(queue: ResultsQueue) -> list[Run]:
    runs = []
    while found := queue.oldest():
        number, run = found
        runs.append(run)
        queue.remove(number)
    return runs


def test_runs_leave_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_runs=300)
    runs = [run_of("changed") for _ in range(260)]
    for run in runs:
        queue.push(run)
    assert drained(queue) == runs


def test_the_oldest_run_that_changed_nothing_is_dropped_first(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    changed, unchanged, failed, last = run_of("changed"), run_of(), run_of("failed"), run_of()
    for run in (changed, unchanged, failed, last):
        queue.push(run)
    assert [run.id for run in drained(queue)] == [changed.id, failed.id, last.id]


def test_where_all_changed_something_the_oldest_is_dropped(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    runs = [run_of("changed") for _ in range(4)]
    for run in runs:
        queue.push(run)
    assert [run.id for run in drained(queue)] == [run.id for run in runs[1:]]


def test_a_queue_too_large_drops_too(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_runs=100, max_bytes=10_000)
    for _ in range(5):
        queue.push(run_of("changed", size=4_000))
    assert queue.state().count == 2
    assert queue.state().size_bytes <= 10_000


def test_the_next_run_tells_how_many_were_dropped_and_no_drop_is_forgotten(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_runs=2)
    for _ in range(7):
        queue.push(run_of())
    runs = drained(queue)
    assert len(runs) + sum(run.dropped_runs for run in runs) == 7


def test_a_run_that_the_server_will_never_take_counts_as_dropped(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.push(run_of("changed"))
    found = queue.oldest()
    assert found is not None
    queue.lose(found[0])
    queue.push(run_of())
    assert [run.dropped_runs for run in drained(queue)] == [1]


def test_removing_twice_is_as_good_as_once(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.push(run_of())
    queue.push(run_of())
    found = queue.oldest()
    assert found is not None
    queue.remove(found[0])
    queue.remove(found[0])
    assert queue.state().count == 1


class QueueMachine(RuleBasedStateMachine):
    """The queue against a list, closed and opened at any moment; every run is delivered or counted as dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.journal = self._open()
        self.pushed = 0
        self.delivered: list[Run] = []

    def _open(self) -> Journal:
        journal = Journal.open(self.folder)
        journal.results._max_runs = 4
        return journal

    @rule(outcome=st.sampled_from(["unchanged", "changed", "failed"]))
    def push(self, outcome: str) -> None:
        self.journal.results.push(run_of(outcome))  # type: ignore[arg-type]
        self.pushed += 1

    @rule()
    def deliver(self) -> None:
        if found := self.journal.results.oldest():
            self.delivered.append(found[1])
            self.journal.results.remove(found[0])

    @rule()
    def close_and_open(self) -> None:
        self.journal.close()
        self.journal = self._open()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        state = self.journal.results.state()
        waiting = drained_copy(self.journal.results)
        told = sum(run.dropped_runs for run in [*self.delivered, *waiting]) + state.dropped
        assert len(self.delivered) + len(waiting) + told == self.pushed
        assert len({run.id for run in [*self.delivered, *waiting]}) == len(self.delivered) + len(waiting)
        assert state.count == len(waiting) <= 4

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


def drained_copy(queue: ResultsQueue) -> list[Run]:
    with queue._store.reading() as transaction:
        return [decode((transaction.get(key) or b"")[1:], Run) for key in transaction.keys(PREFIX)]


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
