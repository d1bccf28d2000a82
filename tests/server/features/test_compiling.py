"""The compiler as the server has it."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from vigo.server.features.generations.compiler import FolderCompiler
from vigo.testing.clock import FakeClock

WAIVER = """\
waivers:
  - {framework: cis-debian-12, controls: 5.1.20, match: a, reason: old, approved_by: Ada, until: 2026-06-30}
"""
WEB = "configcrate: web\ncompliance: {cis-debian-12: 5.1.20}\nresources: [{name: a, type: package}]\n"


def stacks(folder: Path) -> Path:
    (folder / "configcrates").mkdir(parents=True)
    (folder / "configcrates" / "web.vgo").write_text(WEB)
    (folder / "compliance.vgo").write_text(WAIVER)
    (folder / "envoys.vgo").write_text("envoys: [{match: a, configcrates: [web]}]\n")
    return folder


def test_a_waiver_that_lapsed_since_is_told(tmp_path: Path) -> None:
    root = stacks(tmp_path / "stacks")
    last_day, next_day = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((6, 30), (7, 1)))
    assert FolderCompiler(FakeClock(last_day))(root).findings == ()
    (found,) = FolderCompiler(FakeClock(next_day))(root).findings
    assert (found.severity, found.code, found.file, found.line) == ("warning", "lapsed", "compliance.vgo", 2)


def test_threads_that_compile_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """A plan is asked for while another generation is published: both go through one compiler."""
    roots = [stacks(tmp_path / str(number)) for number in range(4)]
    for number, root in enumerate(roots):
        (root / "configcrates" / "web.vgo").write_text(WEB.replace("name: a,", f"name: p{number},"))
    compiler = FolderCompiler(FakeClock())
    found: dict[int, list[str]] = {}

    def compile_often(number: int) -> None:
        for _ in range(20):
            policy = compiler(roots[number]).policy
            assert policy is not None
            found.setdefault(number, []).extend(str(one.id) for one in policy.plan(policy.match("a")).resources)

    threads = [Thread(target=compile_often, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"web/p{number}"] * 20 for number in range(4)}
