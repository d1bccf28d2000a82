import stat
from datetime import timedelta
from pathlib import Path

import pytest

import vigo
from tests.agent.journal.conftest import bundle_of, run_of
from vigo.agent.engine.sightings import Inputs, Sightings, StoredSighting, StoredSightings
from vigo.agent.journal.journal import Journal, damaged_journals
from vigo.core.encoding import encode
from vigo.core.errors import NotFoundError
from vigo.core.ids import Digest, EnvoyId, ResourceId
from vigo.testing.clock import START


def reopened(journal: Journal, state_dir: Path) -> Journal:
    journal.close()
    return Journal.open(state_dir)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "journal" / "data.mdb").stat().st_mode) == 0o600


def test_what_is_remembered_is_there_after_opening_again(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.hold(bundle_of(7), START)
    journal.remember(traits_acknowledged=Digest("t"))
    journal.owe([ResourceId("web/r")])
    journal.keep_collected({"os": {"id": "debian"}})
    journal.results.push(run_of("changed"))
    journal = reopened(journal, tmp_path)
    held = journal.bundle()
    assert held is not None
    assert (held.bundle, held.received_at) == (bundle_of(7), START)
    assert journal.state().highest_generation == 7
    assert journal.state().traits_acknowledged == "t"
    assert journal.owed() == {"web/r"}
    assert journal.collected() == {"os": {"id": "debian"}}
    assert journal.results.state().count == 1
    assert damaged_journals(tmp_path) == ()
    journal.close()


def test_the_highest_generation_never_falls(journal: Journal) -> None:
    journal.hold(bundle_of(7), START)
    journal.hold(bundle_of(6), START)
    assert journal.state().highest_generation == 7


def test_no_sequence_number_is_given_twice(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    first = journal.reserve_sequence(3)
    journal = reopened(journal, tmp_path)
    second = journal.reserve_sequence(3)
    third = journal.reserve_sequence(2, above=100)
    journal.close()
    assert [*first, *second, *third] == [1, 2, 3, 4, 5, 6, 101, 102]


def test_a_bundle_past_half_of_its_life_is_stale_and_past_its_end_expired(journal: Journal) -> None:
    journal.hold(bundle_of(life=timedelta(days=30)), START)
    held = journal.bundle()
    assert held is not None
    assert not held.is_stale(START + timedelta(days=14))
    assert held.is_stale(START + timedelta(days=15))
    assert not held.is_expired(START + timedelta(days=29))
    assert held.is_expired(START + timedelta(days=30))


def test_another_identity_starts_with_an_empty_journal(journal: Journal) -> None:
    journal.belongs_to(EnvoyId("a"))
    journal.results.push(run_of())
    journal.hold(bundle_of(7), START)
    journal.belongs_to(EnvoyId("a"))
    assert journal.results.state().count == 1
    journal.belongs_to(EnvoyId("b"))
    assert (journal.bundle(), journal.results.state().count, journal.state().highest_generation) == (None, 0, 0)


def test_settling_strikes_out_what_is_owed(journal: Journal) -> None:
    journal.owe([ResourceId("a"), ResourceId("b")])
    journal.settle([ResourceId("a"), ResourceId("c")])
    assert journal.owed() == {"b"}


def test_looking_needs_a_journal_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="first run makes it"):
        Journal.open_for_reading(tmp_path)
    writer = Journal.open(tmp_path)
    writer.results.push(run_of())
    content = (tmp_path / "journal" / "data.mdb").read_bytes()
    writer.close()
    reader = Journal.open_for_reading(tmp_path)
    assert reader.results.state().count == 1
    reader.close()
    assert (tmp_path / "journal" / "data.mdb").read_bytes() == content


def test_what_was_found_in_its_state_is_kept_for_one_policy_and_version(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = Digest("p")
    marks = (("/etc/f", False, b"mark"), ("/etc/none", True, b""))
    inputs = (Inputs(), Inputs((("traits", "a"),), b"=one"))
    stored = {ResourceId(f"web/{number}"): StoredSighting(marks, 12.5, number % 2) for number in range(4)}
    sightings = Sightings.restored(StoredSightings(policy=policy, inputs=inputs, seen=stored))
    assert not journal.sightings(policy).seen
    journal.keep_sightings(sightings)
    found = journal.sightings(policy).seen
    assert found == sightings.seen
    assert found[ResourceId("web/1")].inputs is found[ResourceId("web/3")].inputs
    assert not journal.sightings(Digest("another")).seen
    monkeypatch.setattr(vigo, "__version__", "99.0")
    assert not journal.sightings(policy).seen


def test_what_cannot_be_read_as_sightings_is_as_none(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    with journal._store.writing() as transaction:
        transaction.put(b"sightings", encode({"version": vigo.__version__, "sightings": [1]}))
    assert not journal.sightings(Digest("p")).seen
    assert "sightings forgotten" in caplog.text
