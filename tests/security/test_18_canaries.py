"""Canary secrets through kinds, loops, failures, retries, rotation and backups: nothing of them gets anywhere."""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.security.canaries import canary, forms, found_below, found_in, packed
from tests.server.features.test_secrets import stored
from tests.server.harness import Machine, Server, compile_folder, served
from vigo.agent.cycle import Cycles
from vigo.agent.local_machine import LocalMachine
from vigo.agent.logs import LineFormatter
from vigo.agent.report import CycleReport
from vigo.core.clock import SystemClock

NAMES = (
    "file",
    "line",
    "block",
    "ini",
    "json",
    "yaml",
    "toml",
    "stdin",
    "env",
    "hash",
    "loop",
    "fails",
    "custom",
    "b64",
)
VALUES = {name: canary(name) for name in NAMES}
SECOND = {name: canary(f"{name}2") for name in NAMES}
EVERY = {**VALUES, **{f"second {name}": value for name, value in SECOND.items()}}

STACKS = {
    "configcrates/all.vgo": """
configcrate: all
vars:
  file: secret:c/file
  fails: secret:c/fails
  users: {ada: secret:c/loop, bob: secret:c/hash}
resources:
  - {name: dir, type: directory, path: /etc/app}
  - {name: file, type: file, path: /etc/app/file, mode: 0600, content: "a={{ vars.file }} b={{ vars.file | upper }}"}
  - {name: b64, type: file, path: /etc/app/b64, mode: 0644, content: secret:c/b64}
  - {name: line, type: file_line, path: /etc/app/line, line: secret:c/line, create: true}
  - {name: block, type: block_in_file, path: /etc/app/block, label: x, block: secret:c/block, create: true}
  - {name: ini, type: ini, path: /etc/app/x.ini, section: s, option: o, value: secret:c/ini, create: true}
  - {name: json, type: json_file, path: /etc/app/x.json, pointer: /a, value: secret:c/json, create: true}
  - {name: yaml, type: yaml_file, path: /etc/app/x.yaml, pointer: /a, value: secret:c/yaml, create: true}
  - {name: toml, type: toml_file, path: /etc/app/x.toml, pointer: /a, value: secret:c/toml, create: true}
  - {name: stdin, type: exec, command: [cat], stdin: secret:c/stdin, environment: {T: secret:c/env}, creates: /x}
  - {name: "loop {{ key }}", type: file, path: "/etc/app/{{ key }}", content: "{{ item }}", foreach: "{{ vars.users }}"}
  - {name: hash, type: user, user: ada, password_hash: "{{ vars.fails }}"}
  - {name: fails, type: file, path: /missing/file, mode: 0600, content: "{{ vars.fails }}", retries: 2, retry_delay: 1s}
  - {name: fails too, type: file, path: /etc/folder, mode: 0600, content: "{{ vars.fails }}"}
  - {name: custom, type: custom, custom: none, params: {a: secret:c/custom}}
""",
    "envoys.vgo": 'envoys: [{match: "*", configcrates: [all]}]\n',
}


class Log(logging.Handler):
    """Everything that is logged, in the form in which the agent logs it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(LineFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


async def cycle(machine: Machine, root: Path, **options: Any) -> CycleReport:
    clock = SystemClock()  # what is tried again waits
    cycles = Cycles(machine.folder, lambda _: LocalMachine(str(root), "web-1", clock), clock)
    try:
        return await cycles.run(**options)
    finally:
        await cycles.close()


def as_json(report: CycleReport) -> bytes:
    return str(report.as_json()).encode()


@served
async def test_18_canaries_get_onto_their_machine_and_nowhere_else(server: Server, tmp: Path) -> None:
    log, root_logger = Log(), logging.getLogger()
    level = root_logger.level
    root_logger.addHandler(log)
    root_logger.setLevel(logging.DEBUG)
    try:
        shown = await lived_through(server, tmp)
    finally:
        root_logger.removeHandler(log)
        root_logger.setLevel(level)
    await server.app.envoys.flush()
    assert found_below(server.folder.root, EVERY) == []
    assert found_below(tmp / "state", EVERY) == []
    assert found_below(tmp / "backup", EVERY) == []
    assert found_in("\n".join(log.lines).encode(), EVERY) == []
    for name, data in shown.items():
        assert found_in(data, EVERY) == [], name
    # It was all there: what is not found anywhere else did get to where it belongs.
    assert SECOND["file"] in (tmp / "root/etc/app/file").read_text()
    assert {name for name in NAMES if found_below(tmp / "root", {name: SECOND[name]})} >= {
        *("file", "line", "block", "ini", "json", "yaml", "toml", "loop", "b64")
    }


async def lived_through(server: Server, tmp: Path) -> dict[str, bytes]:
    """Return what was shown on the way: runs that change, that fail, that find nothing, and the API's answers."""
    server.compiler = compile_folder
    await server.restart()
    for name, value in VALUES.items():
        await stored(server, f"c/{name}", value=value)
    server.write_stacks(STACKS)
    await server.publish()
    root = tmp / "root"
    (root / "etc/folder").mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n")
    (root / "etc/shadow").write_text("root:*:1::::::\nada:*:1::::::\n")
    (root / "etc/group").write_text("root:x:0:\nada:x:1000:\n")
    shown: dict[str, bytes] = {}
    async with await Machine.enrolled(server, tmp / "state", "web-1") as machine:
        shown["dry"] = as_json(await cycle(machine, root, dry_run=True))
        first = await cycle(machine, root)
        shown["first"] = as_json(first)
        assert first.run is not None
        assert first.run.counts()["changed"] >= 10, first.run.results
        assert first.run.counts()["failed"] >= 1, [(one.id, one.outcome, one.reason) for one in first.run.results]
        shown["again"] = as_json(await cycle(machine, root))
        for name, value in SECOND.items():
            await stored(server, f"c/{name}", value=value)
        (root / "etc/app/x.json").write_text("{broken")
        shown["rotated"] = as_json(await cycle(machine, root))
        (root / "etc/app/x.json").unlink()
        shown["offline"] = as_json(await cycle(machine, root, contact=False))
        shown["mended"] = as_json(await cycle(machine, root))
        for path in (
            "runs",
            "envoys",
            "envoys/web-1",
            "secrets",
            "secret-versions/c/file",
            "plan",
            "generations/status",
        ):
            answer = await server.request("GET", f"/api/v1/{path}")
            assert answer.status_code == 200, (path, answer.text)
            shown[path] = answer.content
        run = (await server.request("GET", "/api/v1/runs")).json()["items"][0]["id"]
        shown["run"] = (await server.request("GET", f"/api/v1/runs/{run}")).content
        await server.request("POST", "/api/v1/vault-keys")
        await asyncio.to_thread(shutil.copytree, server.folder.root, tmp / "backup")
    return shown


@pytest.mark.parametrize("form", sorted(forms(VALUES["file"])))
def test_18_the_search_would_find_a_planted_one(tmp_path: Path, form: str) -> None:
    written = forms(VALUES["file"])[form]
    (tmp_path / "deep").mkdir()
    for name, data in {
        "whole": b"before " + written + b" after",
        "split": b"before " + written[3:15] + b"\n",
        "packed": b"before" + packed(written),
    }.items():
        (tmp_path / "deep" / name).write_bytes(data)
        assert found_below(tmp_path, {"file": VALUES["file"]}), name
        (tmp_path / "deep" / name).unlink()
    assert found_below(tmp_path, {"file": VALUES["file"]}) == []


def test_18_the_search_would_find_it_in_a_name(tmp_path: Path) -> None:
    (tmp_path / "QzxxxxxxxxxV").write_bytes(b"")
    assert found_below(tmp_path, {"a": "QzxxxxxxxxxV"})
