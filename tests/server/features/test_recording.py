"""Recordings of sessions: readable by who has the master key, as a whole or not at all."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vigo.core.errors import DamagedError, NotFoundError, UnavailableError
from vigo.core.ids import new_envoy_id, new_scrier_id
from vigo.core.scrier import ScrierOrder
from vigo.server.features.scriers import recording as module
from vigo.server.features.scriers.recording import Recording, Recordings

KEY = bytes(range(32))
STARTED = 1_790_000_000


def order() -> ScrierOrder:
    return ScrierOrder(
        scrier=new_scrier_id(),
        envoy=new_envoy_id(),
        kind="shell",
        operator="token ada",
        user="ada",
        terminal="xterm",
        longest=timedelta(hours=1),
        not_after=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings", KEY)


def recorded(recordings: Recordings, one: ScrierOrder) -> list[object]:
    lines = recordings.lines(one.scrier)
    try:
        return [json.loads(line) for line in lines.more(10_000)]
    finally:
        lines.close()


def begun(recordings: Recordings, one: ScrierOrder) -> Recording:
    return recordings.begin(one, "web-1", STARTED)


def sealed(tmp_path: Path) -> Path:
    return next((tmp_path / "recordings").iterdir())


def test_what_was_shown_is_read_back_as_asciicast(recordings: Recordings, tmp_path: Path) -> None:
    one = order()
    recording = begun(recordings, one)
    recording.shown(0.5, "grü".encode()[:3])  # a character cut in two
    recording.shown(0.75, "grü".encode()[3:] + b"\xff\x1b[0m")
    recording.resized(1.25, 100, 40)
    recording.shown(2.0, b"top secret")
    recording.close()
    header, *events = recorded(recordings, one)
    assert header == {
        "version": 2,
        "width": 80,
        "height": 24,
        "timestamp": STARTED,
        "title": "ada@web-1, opened by token ada",
        "env": {"TERM": "xterm"},
    }
    assert events == [
        [0.5, "o", "gr"],
        [0.75, "o", "ü�\x1b[0m"],
        [1.25, "r", "100x40"],
        [2.0, "o", "top secret"],
    ]
    assert b"secret" not in sealed(tmp_path).read_bytes()
    assert sealed(tmp_path).stat().st_mode & 0o777 == 0o600
    assert sealed(tmp_path).parent.stat().st_mode & 0o777 == 0o700


def test_one_that_goes_on_is_read_as_far_as_it_is(recordings: Recordings, tmp_path: Path) -> None:
    one = order()
    recording = begun(recordings, one)
    lines = recordings.lines(one.scrier)
    assert len(list(lines.more(10))) == 1
    recording.shown(1, b"a")
    recording.shown(2, b"b")
    assert [json.loads(line)[2] for line in lines.more(1)] == ["a"]
    assert [json.loads(line)[2] for line in lines.more(10)] == ["b"]
    whole = sealed(tmp_path).stat().st_size
    recording.shown(3, b"c")
    grown = sealed(tmp_path).stat().st_size
    os.truncate(sealed(tmp_path), (whole + grown) // 2)  # as it is seen in the middle of a write
    assert list(lines.more(10)) == []
    assert not lines.is_complete
    lines.close()
    recording.abandon()


@pytest.mark.parametrize("how", ["changed", "shortened", "reordered", "another key", "another recording", "nonsense"])
def test_30_what_was_changed_behind_our_back_is_refused(recordings: Recordings, tmp_path: Path, how: str) -> None:
    one, other = order(), order()
    for each in (one, other):
        recording = begun(recordings, each)
        for number in range(3):
            recording.shown(number, b"same")
        recording.close()
    path, second = (tmp_path / "recordings" / f"{each.scrier}.cast.sealed" for each in (one, other))
    content = bytearray(path.read_bytes())
    reader = recordings
    if how == "changed":
        content[len(content) // 2] ^= 1
    elif how == "shortened":
        first = 4 + int.from_bytes(content[:4], "big")
        del content[:first]
    elif how == "reordered":
        size = 4 + int.from_bytes(content[:4], "big")
        next_size = 4 + int.from_bytes(content[size : size + 4], "big")
        content = content[size : size + next_size] + content[:size] + content[size + next_size :]
    elif how == "another key":
        reader = Recordings(tmp_path / "recordings", bytes(32))
    elif how == "another recording":
        content = bytearray(second.read_bytes())
    else:
        content = bytearray(b"\xff" * 100)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="part"):
        recorded(reader, one)


def test_one_that_was_cut_short_has_no_end(recordings: Recordings, tmp_path: Path) -> None:
    one = order()
    recording = begun(recordings, one)
    recording.shown(1, b"a")
    recording.abandon()
    lines = recordings.lines(one.scrier)
    assert len(list(lines.more(10))) == 2
    assert not lines.is_complete
    lines.close()
    with pytest.raises(UnavailableError):
        begun(recordings, one)  # it is not written over


def test_a_full_one_takes_no_more(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 500)
    recording = begun(recordings, order())
    for number in range(5):
        recording.shown(number, b"x" * 50)
    with pytest.raises(UnavailableError, match="the recording is full"):
        recording.shown(10, b"x")
    recording.close()


def test_one_that_is_not_there_is_told(recordings: Recordings, tmp_path: Path) -> None:
    one = order()
    with pytest.raises(NotFoundError, match="are not recorded"):
        recordings.lines(one.scrier)
    begun(recordings, one).close()
    recordings.remove(one.scrier)
    recordings.remove(one.scrier)
    with pytest.raises(NotFoundError):
        recordings.lines(one.scrier)
    (tmp_path / "recordings").rmdir()
    (tmp_path / "recordings").write_text("in the way")
    with pytest.raises(UnavailableError, match="without one no session is opened"):
        begun(recordings, one)
