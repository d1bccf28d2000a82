"""What kill -9 leaves of a publication, at each step of it."""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.harness import Server, served
from vigo.server.platform.audit.trail import verify

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
SNAPSHOT = "vigo.server.features.generations.snapshot"
STEPS = (
    (f"{SNAPSHOT}.LiveFolder.stage", "after", 2),
    (f"{SNAPSHOT}.LiveFolder.keep", "before", 2),
    (f"{SNAPSHOT}.write_atomically", "after", 2),
    (f"{SNAPSHOT}.LiveFolder.keep", "after", 2),
    ("vigo.server.features.generations.store.add", "after", 2),
    (f"{SNAPSHOT}.LiveFolder.make_live", "before", 2),
    (f"{SNAPSHOT}.LiveFolder.make_live", "after", 3),
)
DYING = """
import asyncio, os, pkgutil, signal, sys
from pathlib import Path
from tests.server.harness import LOOPBACK, toy_compile
from vigo.core.clock import SystemClock
from vigo.server.app import build
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.settings.model import CurrentSettings

root, act, target, when = sys.argv[1:]
app = build(DataFolder(Path(root)), CurrentSettings(LOOPBACK), SystemClock(), (), toy_compile)
owner, name = target.rpartition(".")[::2]
owner, step = pkgutil.resolve_name(owner), pkgutil.resolve_name(target)

def dying(*arguments, **named):
    if when == "after":
        step(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, dying)
someone, generations = Actor("someone", EVERYTHING), app.generations
asyncio.run(generations.publish(someone, "m") if act == "publish" else generations.roll_back(someone, 1, None))
"""


@pytest.mark.parametrize("act", ["publish", "roll back"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_generation(tmp_path: Path, act: str) -> None:
    @served
    async def everything(server: Server, tmp: Path) -> None:
        for text in ("one", "two"):
            server.write_stacks({"envoys.vgo": text})
            await server.publish(text)
        server.write_stacks({"envoys.vgo": "one" if act == "publish" else "two"})
        await server.stop()
        shutil.copytree(server.folder.root, tmp / "before")
        for target, when, live in STEPS:
            shutil.rmtree(server.folder.root)
            shutil.copytree(tmp / "before", server.folder.root)
            done = await asyncio.to_thread(_run, str(server.folder.root), act, target, when)
            assert done.returncode == -signal.SIGKILL, done.stderr
            await server.start()
            await _check_whole(server, live, f"{when} {target}")
            await server.stop()
        await server.start()

    everything(tmp_path)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DYING, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


async def _check_whole(server: Server, live: int, where: str) -> None:
    generations = server.app.generations
    assert (generations.live_number, generations.problem) == (live, None), where
    name = (server.folder.live / "current").read_text().strip()
    assert (server.folder.live / name / "stacks" / "envoys.vgo").read_text() == ("two" if live == 2 else "one"), where
    assert not list(server.folder.live.glob(".staging-*")), where
    assert server.app.database.read_now(verify).rows > 0, where
    again = await server.request("POST", "/api/v1/generations/1/rollback", {})
    assert again.json()["unchanged"] == (live == 3), where
    assert again.json()["generation"]["live"], where
