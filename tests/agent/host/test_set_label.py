"""SELinux contexts of real files; a kernel without SELinux keeps them as it keeps any attribute."""

import os
from pathlib import Path

import pytest

from vigo.agent.host import look
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.label import SetLabel
from vigo.core.errors import UnavailableError

CONTEXT = "system_u:object_r:etc_t:s0"
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may label files")


@ONLY_ROOT
def test_a_label_is_set_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "GRAIN_NS", -(10**18))
    (tmp_path / "f").touch()
    host = RealHost(str(tmp_path))
    with host.one_look() as before:
        assert host.read_label("/f") is None
    marks = before.marks()
    assert marks is not None
    Executors(host).execute(SetLabel(path="/f", label=CONTEXT))
    assert os.getxattr(tmp_path / "f", "security.selinux") == CONTEXT.encode() + b"\0"
    assert host.read_label("/f") == CONTEXT
    assert RealHost(None).read_label(str(tmp_path / "f")) == CONTEXT
    assert host.has_moved(marks), "another label is another state"


def test_what_is_not_there_has_no_label_and_a_symlink_takes_none(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("f")
    (tmp_path / "f").touch()
    host = RealHost(str(tmp_path))
    assert host.read_label("/none") is None
    assert host.read_label("/l") is None
    for path, reason in (("/l", "found a symlink"), ("/none", "found nothing")):
        with pytest.raises(UnavailableError, match=reason):
            Executors(host).execute(SetLabel(path=path, label=CONTEXT))


@ONLY_ROOT
@pytest.mark.parametrize(("number", "reason"), [(22, "the loaded policy knows"), (95, "keeps SELinux contexts")])
def test_what_the_kernel_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "setxattr", refuse)
    (tmp_path / "f").touch()
    with pytest.raises(UnavailableError, match=reason):
        Executors(RealHost(str(tmp_path))).execute(SetLabel(path="/f", label=CONTEXT))
