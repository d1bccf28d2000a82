from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vigo.agent.host import await_supervision as module
from vigo.agent.host.await_supervision import await_supervision
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.await_supervision import AwaitSupervision
from vigo.core.errors import BlockedError, UnavailableError

OP = AwaitSupervision(entry="/etc/service/x")
NOT_YET = "warning: x: unable to open supervise/ok: file does not exist"


def host_that_says(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> RealHost:
    """Return this machine with an sv that says one line after the other, the last one for ever."""
    folder.mkdir(exist_ok=True)
    said: Iterator[str] = iter(lines)
    last = [""]
    host = RealHost(None)
    real = host.programs.run

    def run(command: Any, **more: Any) -> Any:
        last[0] = next(said, last[0])
        return real(command.__class__(argv=("echo", last[0])), **more)

    monkeypatch.setattr(host.programs, "run", run)
    monkeypatch.setattr(module, "PAUSE", timedelta(0))
    return host


def test_it_waits_until_the_service_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await_supervision(OP, host_that_says(tmp_path, monkeypatch, NOT_YET, NOT_YET, "run: x: (pid 7) 1s"))


def test_one_that_is_never_taken_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", timedelta(milliseconds=1))
    with pytest.raises(BlockedError, match="see that runsvdir runs"):
        await_supervision(OP, host_that_says(tmp_path, monkeypatch, NOT_YET))


def test_a_fault_of_sv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match="access denied"):
        await_supervision(OP, host_that_says(tmp_path, monkeypatch, "fail: x: access denied"))


def test_in_an_image_nothing_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="does not run in an image"):
        await_supervision(OP, RealHost(str(tmp_path)))
