"""A machine that floods its agent with events: the agent stays cheap, says who does it, and heals in the end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.world import Envoy, Server, crate, entries
from vigo.agent.watching.damping import AT_ONCE

CONF = '{name: conf, type: file, path: /etc/app/conf, content: "good\\n"}'
TOGGLE = (
    "import sys, time\nwhile True:\n    with open(sys.argv[1], 'w') as file:\n        file.write(str(time.time()))\n"
    "    time.sleep(0.001)\n"
)

pytestmark = pytest.mark.processes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as running:
        yield running


@contextmanager
def toggling(path: Path) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", TOGGLE, str(path)])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_32_a_file_that_is_toggled_without_end_is_repaired_a_few_times_and_reported_once(
    server: Server, tmp_path: Path
) -> None:
    server.publish(crate("app", CONF) | entries(web_x="app"))
    envoy = Envoy("web-1", tmp_path, server).enrol()
    (envoy.place / "etc/app").mkdir()
    with envoy.daemon("1h") as daemon:
        daemon.until("its watch", lambda: "drift is repaired at once" in daemon.err)
        with toggling(envoy.place / "etc/app/conf") as writer:
            daemon.until("the end of patience", lambda: "is fought over" in daemon.err)
            daemon.until("its writer", lambda: "is changed by" in daemon.err or "writer unknown" in daemon.err)
            daemon.until("its report", lambda: any("fought over" in text for text in reasons(server)))
            if os.geteuid() == 0 and "writer unknown" not in daemon.err:
                assert any(f"(process {writer})" in text for text in reasons(server))
            daemon.send(signal.SIGHUP)  # a full check is nothing that a flood could hold up
            daemon.until("a full cycle", lambda: daemon.err.count("cycle done") == 2)
        assert daemon.err.count("is fought over") == 1
        assert sum("fought over" in text for text in reasons(server)) == 1
        assert daemon.err.count("repair done") <= AT_ONCE + 2
        daemon.send(signal.SIGHUP)
        daemon.until("peace", lambda: envoy.read("etc/app/conf") == "good\n")


def test_32_names_that_are_nobodys_cost_no_repair(server: Server, tmp_path: Path) -> None:
    server.publish(crate("app", CONF) | entries(web_x="app"))
    envoy = Envoy("web-1", tmp_path, server).enrol()
    (envoy.place / "etc/app").mkdir()
    with envoy.daemon("1h") as daemon:
        daemon.until("its watch", lambda: "drift is repaired at once" in daemon.err)
        for index in range(20_000):
            (envoy.place / f"etc/app/foreign-{index % 50}").write_text("x")
        envoy.write("etc/app/conf", "drift\n")
        daemon.until("the repair", lambda: envoy.read("etc/app/conf") == "good\n")
        assert daemon.err.count("repair done") + daemon.err.count("cycle done") <= 3


def reasons(server: Server) -> list[str]:
    return [
        result["reason"]
        for run in server.runs("web-1")
        if run["partial"]
        for result in server.results(run["id"]).values()
    ]
