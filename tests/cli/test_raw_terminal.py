"""What an operator's own terminal does with keys, and how a recording is shown."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from vigo.cli.terminal import cast_player
from vigo.cli.terminal.cast_player import play
from vigo.cli.terminal.raw_terminal import RawTerminal, size
from vigo.core.errors import UnavailableError


def typed(*keys: bytes) -> tuple[bytes, int]:
    """Return what goes to the machine of some keys, and how often the operator wanted out."""

    async def whole() -> tuple[bytes, int]:
        terminal, left = RawTerminal(), list[None]()
        terminal.when_left(lambda: left.append(None))
        return b"".join(terminal.without_escape(one) for one in keys), len(left)

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("keys", "goes", "left"),
    [
        ((b"ls\r",), b"ls\r", 0),
        ((b"~.",), b"", 1),
        ((b"ls\r~.",), b"ls\r", 1),
        ((b"ls\r", b"~", b"."), b"ls\r", 1),
        ((b"cd ~.\r",), b"cd ~.\r", 0),
        ((b"~/bin/x\r",), b"~/bin/x\r", 0),
        ((b"~~.",), b"~.", 0),
        ((b"~", b"\r", b"~."), b"~\r", 1),
        ((b"\x03~.",), b"\x03~.", 0),
        (("ü~.\r".encode(),), "ü~.\r".encode(), 0),
    ],
)
def test_a_tilde_and_a_dot_at_the_begin_of_a_line_leave(keys: tuple[bytes, ...], goes: bytes, left: int) -> None:
    assert typed(*keys) == (goes, left)


def test_without_a_terminal_the_size_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "123")
    monkeypatch.setenv("LINES", "45")
    with (tmp_path / "out").open("w") as out:
        kept = os.dup(1)
        os.dup2(out.fileno(), 1)
        try:
            found = size()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    assert found == (123, 45)


CAST = [{"version": 2}, [0.5, "o", "a"], [0.75, "r", "80x24"], [9.5, "o", "ü"], [9.6, "i", "x"], [9.75, "o", "\x1b[0m"]]


def test_a_recording_is_shown_at_its_pace_but_for_long_pauses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(cast_player.time, "sleep", slept.append)
    play(json.loads(json.dumps(CAST)), speed=2, longest_pause_seconds=2)
    assert capsys.readouterr().out == "aü\x1b[0m"
    assert slept == [0.25, 2, 0.125]
    slept.clear()
    play(CAST, speed=None, longest_pause_seconds=2)
    assert (capsys.readouterr().out, slept) == ("aü\x1b[0m", [])


@pytest.mark.parametrize("bad", ["x", 1, ["o"], [1, 2, 3, 4]])
def test_what_is_no_recording_is_told(bad: object) -> None:
    with pytest.raises(UnavailableError, match="asciicast"):
        play([bad], speed=None, longest_pause_seconds=0)
