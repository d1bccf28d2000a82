import logging
import os
from pathlib import Path

import pytest

from vigo.agent.identity.keeping_private import keep_private
from vigo.agent.identity.self_check import program_problems, secured
from vigo.core.errors import UnavailableError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    (folder / "identity").mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    for name in ("signing.key", "tls.pem"):
        (folder / "identity" / name).write_text("x")
        (folder / "identity" / name).chmod(0o600)
    return folder


def test_what_is_as_it_should_be_is_passed_over(state: Path, tmp_path: Path) -> None:
    assert secured(state) == ()
    assert secured(tmp_path / "nothing") == ()


def test_what_others_could_read_is_told_and_taken_from_them(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = state / "identity" / "signing.key"
    key.chmod(0o644)
    (state / "identity").chmod(0o755)
    with caplog.at_level(logging.WARNING):
        keep_private(state)
    assert f"{key} was open to others (0644)" in caplog.text
    assert "vigo enroll --force" in caplog.text
    assert (key.stat().st_mode & 0o777, (state / "identity").stat().st_mode & 0o777) == (0o600, 0o700)
    assert secured(state) == ()
    assert os.umask(0o022) == 0o077


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are root's to make")
def test_what_is_anothers_is_refused(state: Path) -> None:
    key = state / "identity" / "signing.key"
    os.chown(key, 65534, 65534)
    with pytest.raises(UnavailableError, match="one of the user 65534"):
        secured(state)
    key.unlink()
    key.symlink_to("/etc/hostname")
    with pytest.raises(UnavailableError, match="a symlink"):
        secured(state)


def test_a_program_that_others_could_change_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert program_problems() == ()
        return
    program = tmp_path / "python"
    program.write_text("")
    program.chmod(0o757)
    monkeypatch.setattr("sys.executable", str(program))
    assert any(f"{program} can be changed by others" in problem for problem in program_problems())
    program.chmod(0o755)
    assert not any(str(program) in problem for problem in program_problems())
