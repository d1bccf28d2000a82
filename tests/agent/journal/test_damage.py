import logging
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agent.journal.conftest import bundle_of, run_of
from vigo.agent.journal.journal import Journal, damaged_journals
from vigo.agent.journal.store import MAP_SIZE_BYTES, Transaction, sealed, unsealed
from vigo.core.errors import DamagedError, UnavailableError
from vigo.core.ids import Digest, new_envoy_id
from vigo.testing.clock import START


def filled(state_dir: Path, runs: int = 40) -> Path:
    journal = Journal.open(state_dir)
    journal.hold(bundle_of(3), START)
    journal.reserve_sequence(64)
    journal.remember(traits_acknowledged=Digest("t"))
    for index in range(runs):
        journal.results.push(run_of("changed", size=index * 20))
    journal.close()
    return state_dir / "journal" / "data.mdb"


def works(state_dir: Path) -> Journal:
    """Return the journal of the next run, or of the one after it where only a write shows the damage."""
    try:
        return written_to(Journal.open(state_dir))
    except DamagedError:
        return written_to(Journal.open(state_dir))


def written_to(journal: Journal) -> Journal:
    try:
        journal.results.push(run_of("changed"))
        journal.hold(bundle_of(9), START)
        assert journal.results.oldest() is not None
    except DamagedError:
        journal.close()
        raise
    return journal


@given(st.binary(min_size=1, max_size=20), st.binary(max_size=200), st.data())
def test_any_flipped_bit_of_a_value_is_found(key: bytes, payload: bytes, data: st.DataObject) -> None:
    value = bytearray(sealed(key, payload))
    assert unsealed(key, bytes(value)) == payload
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    value[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(DamagedError):
        unsealed(key, bytes(value))


def test_a_value_under_another_key_is_found() -> None:
    with pytest.raises(DamagedError):
        unsealed(b"other", sealed(b"key", b"payload"))


def test_a_damaged_value_is_set_aside_and_all_others_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filled(tmp_path)
    with (
        lmdb.open(str(tmp_path / "journal"), map_size=MAP_SIZE_BYTES) as environment,
        environment.begin(write=True) as t,
    ):
        t.put(b"bundle", b"not what was stored")
    with caplog.at_level(logging.ERROR):
        journal = Journal.open(tmp_path)
    assert journal.bundle() is None
    assert journal.results.state().count == 40
    assert journal.reserve_sequence(1)[0] == 65
    assert journal.state().highest_generation == 3
    journal.close()
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)
    assert "journal.damaged-1" in caplog.text


def test_a_damaged_run_counts_as_dropped(tmp_path: Path) -> None:
    filled(tmp_path)
    with (
        lmdb.open(str(tmp_path / "journal"), map_size=MAP_SIZE_BYTES) as environment,
        environment.begin(write=True) as t,
    ):
        t.put(b"run/" + (3).to_bytes(8, "big"), b"x" * 100)
    journal = Journal.open(tmp_path)
    assert (journal.results.state().count, journal.results.state().dropped) == (39, 1)
    journal.close()


def test_a_run_that_vanished_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path)
    with (
        lmdb.open(str(tmp_path / "journal"), map_size=MAP_SIZE_BYTES) as environment,
        environment.begin(write=True) as t,
    ):
        t.delete(b"run/" + (3).to_bytes(8, "big"))
    journal = Journal.open(tmp_path)
    assert (journal.results.state().count, journal.results.state().dropped) == (39, 1)
    assert len(damaged_journals(tmp_path)) == 1
    journal.close()


@pytest.mark.parametrize("content", [b"", b"garbage" * 2_000, b"\0" * 8192], ids=["empty", "garbage", "zeros"])
def test_a_file_that_is_no_journal_is_set_aside(tmp_path: Path, content: bytes) -> None:
    filled(tmp_path).write_bytes(content)
    works(tmp_path).close()
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)


@pytest.mark.parametrize("keep", [1, 4096, 8192, 12288, 40_000])
def test_a_file_that_was_cut_short_does_not_kill_the_agent(tmp_path: Path, keep: int) -> None:
    os.truncate(filled(tmp_path), keep)
    works(tmp_path).close()
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_flipped_bits_anywhere_in_the_file_are_survived(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random
) -> None:
    state_dir = tmp_path_factory.mktemp("state")
    path = filled(state_dir, runs=10)
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 40)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    works(state_dir).close()


def test_damage_that_only_a_write_finds_is_healed_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    journal = Journal.open(tmp_path)

    def broken(_self: Transaction, _key: bytes, _payload: bytes) -> None:
        raise lmdb.CorruptedError("mdb_put: MDB_CORRUPTED: Located page was wrong type")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "put", broken)
        with pytest.raises(DamagedError):
            journal.reserve_sequence(1)
    journal.close()
    assert damaged_journals(tmp_path) == ()
    journal = works(tmp_path)
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)
    assert journal.results.state().count == 41
    journal.close()


def test_damage_upon_damage_is_kept_apart(tmp_path: Path) -> None:
    for _ in range(3):
        filled(tmp_path).write_bytes(b"garbage" * 2_000)
        works(tmp_path).close()
    assert damaged_journals(tmp_path) == tuple(f"journal.damaged-{number}" for number in (1, 2, 3))


def test_a_kill_between_the_two_renames_of_healing_loses_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "journal").rename(tmp_path / "journal.rebuilt")
    journal = Journal.open(tmp_path)
    assert journal.results.state().count == 40
    journal.close()


def test_looking_at_a_damaged_journal_says_so_and_leaves_it(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(b"garbage" * 2_000)
    with pytest.raises(DamagedError, match="next run sets it aside"):
        Journal.open_for_reading(tmp_path)
    assert damaged_journals(tmp_path) == ()


def test_a_full_journal_is_a_clear_error_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.agent.journal.store.MAP_SIZE_BYTES", 256 * 1024)
    journal = Journal.open(tmp_path)
    pushed = 0
    with pytest.raises(UnavailableError, match="expected room in the journal"):  # noqa: PT012 - one of many raises
        for _ in range(100):
            journal.results.push(run_of("changed", size=20_000))
            pushed += 1
    assert journal.results.state().count == pushed > 0
    found = journal.results.oldest()
    assert found is not None
    journal.results.remove(found[0])
    journal.close()


_FILL = """
import resource, signal, sys
from pathlib import Path
from tests.agent.journal.conftest import run_of
from vigo.agent.journal.journal import Journal
from vigo.core.errors import UnavailableError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
journal = Journal.open(Path(sys.argv[1]))
pushed = 0
try:
    while pushed < 100:
        journal.results.push(run_of("changed", size=20_000))
        pushed += 1
except UnavailableError as error:
    print(pushed, error)
"""


def test_a_full_disk_is_a_clear_error_and_keeps_what_it_has(tmp_path: Path) -> None:
    told = child(_FILL, tmp_path).communicate()[0].decode()
    pushed, _, message = told.partition(" ")
    assert "nothing stored is lost" in message
    journal = Journal.open(tmp_path)
    assert journal.results.state().count == int(pushed)
    assert damaged_journals(tmp_path) == ()
    journal.close()


_PUSH_FOR_EVER = """
import sys
from pathlib import Path
from tests.agent.journal.conftest import run_of
from vigo.agent.journal.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
while True:
    run = run_of("changed", size=3_000)
    journal.results.push(run)
    print(run.id, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 23])
def test_what_was_stored_before_a_kill_is_there_after_it(tmp_path: Path, acknowledged: int) -> None:
    process = child(_PUSH_FOR_EVER, tmp_path)
    with process:
        assert process.stdout is not None
        ids = [process.stdout.readline().decode().strip() for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        ids += process.stdout.read().decode().split("\n")[:-1]
    journal = Journal.open(tmp_path)
    found = []
    while waiting := journal.results.oldest():
        found.append(waiting[1].id)
        journal.results.remove(waiting[0])
    journal.close()
    assert found[: len(ids)] == ids
    assert len(found) <= len(ids) + 1


def child(program: str, state_dir: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": "src:."}
    return subprocess.Popen([sys.executable, "-c", program, str(state_dir)], stdout=subprocess.PIPE, env=environment)


def test_results_survive_the_loss_of_their_owners_name(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    envoy = new_envoy_id()
    journal.belongs_to(envoy)
    journal.close()
    filled(tmp_path)
    with (
        lmdb.open(str(tmp_path / "journal"), map_size=MAP_SIZE_BYTES) as environment,
        environment.begin(write=True) as t,
    ):
        t.put(b"state", b"not what was stored")
    journal = Journal.open(tmp_path)
    journal.belongs_to(envoy)
    assert journal.results.state().count == 40
    assert journal.bundle() is not None
    assert journal.state().highest_generation == 3
    journal.belongs_to(new_envoy_id())
    assert journal.results.state().count == 0
    journal.close()
