"""What one process found in its state the next one passes over, on a real file system."""

import asyncio
from pathlib import Path

import pytest

from tests.agent.conftest import Agent
from vigo.agent.cycle import Cycles
from vigo.agent.host import look
from vigo.agent.host.files import RealFiles
from vigo.agent.local_machine import LocalMachine
from vigo.agent.report import CycleReport


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of the policy whose content was read. Files count as settled however new they are."""
    monkeypatch.setattr(look, "GRAIN_NS", -(10**18))
    paths: list[str] = []
    real = RealFiles.read_bytes

    def read_bytes(self: RealFiles, path: str) -> bytes | None:
        if path.startswith("/file"):
            paths.append(path)
        return real(self, path)

    monkeypatch.setattr(RealFiles, "read_bytes", read_bytes)
    return paths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def cycle(agent: Agent, root: Path, *, full: bool = False, dry_run: bool = False) -> CycleReport:
    async def once() -> CycleReport:
        cycles = Cycles(
            agent.folder, lambda _: LocalMachine(str(root), "web-1", agent.clock), agent.clock, looks_at_all=full
        )
        try:
            return await cycles.run(dry_run=dry_run)
        finally:
            await cycles.close()

    return asyncio.run(once())


def test_a_file_that_did_not_move_is_not_read_by_the_next_process(agent: Agent, root: Path, read: list[str]) -> None:
    for _ in range(2):
        cycle(agent, root)
    read.clear()
    report = cycle(agent, root)
    assert report.run is not None
    assert report.run.counts()["unchanged"] == 2
    assert not read
    (root / "file0").write_text("other\n")
    report = cycle(agent, root)
    assert report.run is not None
    assert [result.outcome for result in report.run.results] == ["changed", "unchanged"]
    assert set(read) == {"/file0"}


def test_a_full_run_reads_all_and_the_next_one_passes_over_it(agent: Agent, root: Path, read: list[str]) -> None:
    for _ in range(2):
        cycle(agent, root)
    read.clear()
    cycle(agent, root, full=True)
    assert read == ["/file0", "/file1"]
    read.clear()
    cycle(agent, root)
    assert not read


def test_a_dry_run_keeps_nothing(agent: Agent, root: Path, read: list[str]) -> None:
    cycle(agent, root)
    cycle(agent, root, dry_run=True)
    read.clear()
    cycle(agent, root)
    assert read == ["/file0", "/file1"]
