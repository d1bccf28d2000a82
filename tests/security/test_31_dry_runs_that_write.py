import os
import sys
from pathlib import Path

import pytest

from tests.catalog.test_cases import PATHS, Node
from tests.contracts.host.conftest import build
from tests.contracts.host.test_cases import loaded
from tests.gates.tree import ROOT
from tests.security.tracing import changing_calls

Seen = dict[str, tuple[object, ...]]


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of every case, each in a root of its own."""
    folder = tmp_path_factory.mktemp("roots")
    for path in PATHS:
        files = {place: n.as_fake() if isinstance(n, Node) else n for place, n in loaded(path).given.items()}
        root = folder / path.parent.name / path.stem
        root.parent.mkdir(exist_ok=True)
        build(files, root)
    return folder


def snapshot(folder: Path) -> Seen:
    """Return all that stat(2) says of everything in a folder but the time it was last read, and the contents."""
    found: Seen = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        attributes = tuple(os.listxattr(path, follow_symlinks=False))
        found[str(path)] = (
            *(stat.st_mode, stat.st_ino, stat.st_dev, stat.st_nlink, stat.st_uid, stat.st_gid, stat.st_size),
            *(stat.st_mtime_ns, stat.st_ctime_ns, content, attributes),
        )
    return found


@pytest.mark.processes
def test_31_no_kind_and_no_trait_writes_or_connects_when_it_observes_and_plans(roots: Path, tmp_path: Path) -> None:
    before = snapshot(roots)
    argv = [sys.executable, "-m", "tests.security.observe_cases", str(roots)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}
    calls, printed = changing_calls(argv, tmp_path, env=environment)
    assert int(printed) == len(PATHS) > 200
    assert calls == []
    assert snapshot(roots) == before


@pytest.mark.processes
def test_31_the_trace_sees_what_would_be_a_write(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, socket\n"
        "pathlib.Path('/the-trace-begins-here').exists()\n"
        f"open({str(tmp_path / 'a')!r}, 'w').close()\n"
        f"os.chmod({str(tmp_path / 'a')!r}, 0o600)\n"
        f"os.rename({str(tmp_path / 'a')!r}, {str(tmp_path / 'b')!r})\n"
        "try: socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except OSError: pass\n"
        f"os.system('touch {tmp_path / 'c'}')\n"
        "pathlib.Path('/the-trace-ends-here').exists()\n"
    )
    calls, _ = changing_calls([sys.executable, "-c", program], tmp_path)
    names = [line.split()[1].partition("(")[0] for line in calls]
    assert names[:4] == ["openat", "fchmodat" if "fchmodat" in names else "chmod", "rename", "connect"]
    assert any(str(tmp_path / "c") in line for line in calls)
