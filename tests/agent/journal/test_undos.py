import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb
import pytest

from vigo.agent.engine.undo_records import UndoRecord, UndoThing
from vigo.agent.journal.journal import Journal, damaged_journals
from vigo.agent.journal.store import MAP_SIZE_BYTES, sealed
from vigo.agent.journal.undos import FORMER, NAME, RECORD
from vigo.core.encoding import encode
from vigo.core.errors import UnavailableError
from vigo.core.ids import ResourceId, new_envoy_id

WEB = ResourceId("web/conf")


def thing(**more: Any) -> UndoThing:
    return UndoThing(type="file", footprint={"path": "/a"}, before={"lines": [b"\xff"]}, **more)


def record(id_: ResourceId = WEB, **things: UndoThing) -> UndoRecord:
    return UndoRecord(id=id_, type="file", things=things, position=7, notify=(ResourceId("web/reload"),))


def reopened(journal: Journal, state_dir: Path) -> Journal:
    journal.close()
    return Journal.open(state_dir)


@contextmanager
def raw(state_dir: Path) -> Iterator[Any]:
    """Give the stored values to damage them."""
    with (
        lmdb.open(str(state_dir / "journal"), map_size=MAP_SIZE_BYTES) as environment,
        environment.begin(write=True) as transaction,
    ):
        yield transaction


def keys(state_dir: Path, prefix: bytes) -> list[bytes]:
    with raw(state_dir) as transaction:
        return [key for key, _ in transaction.cursor() if key.startswith(prefix)]


def damage(state_dir: Path, prefix: bytes) -> None:
    (key,) = keys(state_dir, prefix)
    with raw(state_dir) as transaction:
        transaction.put(key, b"not what was stored at all")


def filled(state_dir: Path) -> None:
    journal = Journal.open(state_dir)
    journal.undos.keep(record(a=thing(former_bytes=6)), formers={(WEB, "a"): b"before"})
    journal.close()


def test_records_and_contents_are_there_after_opening_again(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    kept = record(a=thing(former_bytes=6, made={"mode": 0o644}, interrupted=True, writes=("x",)))
    journal.undos.keep(kept, formers={(WEB, "a"): b"before"})
    journal = reopened(journal, tmp_path)
    assert journal.undos.records() == {WEB: kept}
    assert journal.undos.former(WEB, "a") == b"before"
    assert journal.undos.former(WEB, "b") is None
    assert journal.undos.count() == 1
    journal.close()


def test_a_record_takes_the_place_of_the_former_one_and_its_content_stays(journal: Journal) -> None:
    journal.undos.keep(record(a=thing(former_bytes=6), b=thing(former_bytes=1)), formers={(WEB, "a"): b"before"})
    newer = record(a=thing(former_bytes=6, made={"mode": 1}))
    journal.undos.keep(newer)
    assert journal.undos.records() == {WEB: newer}
    assert journal.undos.former(WEB, "a") == b"before"


def test_contents_of_things_that_left_a_record_go(journal: Journal, tmp_path: Path) -> None:
    journal.undos.keep(
        record(a=thing(former_bytes=1), b=thing(former_bytes=1)), formers={(WEB, "a"): b"1", (WEB, "b"): b"2"}
    )
    journal.undos.keep(record(a=thing(former_bytes=1), b=thing()))
    assert (journal.undos.former(WEB, "a"), journal.undos.former(WEB, "b")) == (b"1", None)
    journal.undos.keep(record())
    journal.close()
    assert keys(tmp_path, b"undo") == []


def test_a_record_that_is_lost_is_kept_without_things(journal: Journal) -> None:
    lost = UndoRecord(id=WEB, type="file", lost="damaged")
    journal.undos.keep(lost)
    assert journal.undos.records() == {WEB: lost}


def test_names_may_be_longer_than_a_key_of_the_store(journal: Journal) -> None:
    long = ResourceId("web/" + "x" * 5000)
    journal.undos.keep(record(long, **{"y" * 5000: thing(former_bytes=1)}), formers={(long, "y" * 5000): b"1"})
    assert list(journal.undos.records()) == [long]
    assert journal.undos.former(long, "y" * 5000) == b"1"


def test_where_there_is_no_room_nothing_is_kept_and_all_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigo.agent.journal.store.MAP_SIZE_BYTES", 256 * 1024)
    journal = Journal.open(tmp_path)
    first = record(a=thing(former_bytes=6))
    journal.undos.keep(first, formers={(WEB, "a"): b"before"})
    other = ResourceId("web/other")
    with pytest.raises(UnavailableError):
        journal.undos.keep(record(b=thing()), record(other, c=thing()), formers={(other, "c"): b"x" * 1024 * 1024})
    assert journal.undos.records() == {WEB: first}
    assert journal.undos.former(WEB, "a") == b"before"
    journal.close()


def test_a_damaged_record_is_set_aside_and_another_says_that_it_is_lost(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path, RECORD)
    journal = Journal.open(tmp_path)
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)
    (found,) = journal.undos.records().values()
    assert (found.id, found.type, dict(found.things)) == (WEB, "file", {})
    assert "set aside as journal.damaged-1" in found.lost
    journal.close()


def test_where_only_the_name_of_a_record_is_damaged_the_record_is_saved(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path, NAME)
    journal = Journal.open(tmp_path)
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)
    assert journal.undos.records() == {WEB: record(a=thing(former_bytes=6))}
    assert journal.undos.former(WEB, "a") == b"before"
    journal.close()


def test_a_damaged_content_is_gone_and_its_record_knows_that_there_was_one(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path, FORMER)
    journal = Journal.open(tmp_path)
    assert journal.undos.records()[WEB].things["a"].former_bytes == 6
    assert journal.undos.former(WEB, "a") is None
    journal.close()


def test_damage_elsewhere_costs_no_record(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = Journal.open(tmp_path)
    journal.reserve_sequence(1)
    journal.close()
    damage(tmp_path, b"sequence")
    journal = Journal.open(tmp_path)
    assert damaged_journals(tmp_path) == ("journal.damaged-1",)
    assert journal.undos.former(WEB, "a") == b"before"
    assert journal.undos.count() == 1
    journal.close()


@pytest.mark.parametrize("prefix", [RECORD, NAME])
def test_a_value_of_another_version_is_no_crash_and_no_record_of_what_was_before(
    tmp_path: Path, prefix: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path)
    (key,) = keys(tmp_path, prefix)
    with raw(tmp_path) as transaction:
        transaction.put(key, sealed(key, encode({"other": 1})))
    journal = Journal.open(tmp_path)
    with caplog.at_level(logging.ERROR):
        found = journal.undos.records()
    assert [one.lost[:30] for one in found.values()] == (["its undo record cannot be read"] if prefix == RECORD else [])
    assert "undo record damaged" in caplog.text
    journal.close()
    damage_and_heal(tmp_path)


def damage_and_heal(state_dir: Path) -> None:
    """A healing meets the same value."""
    journal = Journal.open(state_dir)
    journal.reserve_sequence(1)
    journal.close()
    damage(state_dir, b"sequence")
    Journal.open(state_dir).close()


def test_another_identity_starts_without_records(journal: Journal) -> None:
    journal.belongs_to(new_envoy_id())
    journal.undos.keep(record(a=thing()))
    journal.belongs_to(new_envoy_id())
    assert journal.undos.records() == {}
