"""Pictures of every page, for the docs: `python -m tools.screenshots`.

A real server in this process with a played fleet and one real agent beside it; Debian's Chromium draws each page in
light, in dark and at the width of a phone, into docs/pictures/pages/, and docs/pages.md shows them.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

from tests.browser.windows import PASSWORD, Window, chromium
from tests.cli.desk import Desk
from tests.e2e.shells import with_ada
from tests.server.harness import Machine, a_run, compile_folder
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult, Run
from vigo.testing.clock import FakeClock

ROOT: Final = Path(__file__).resolve().parents[1]
PICTURES: Final = ROOT / "docs/pictures/pages"
GALLERY: Final = ROOT / "docs/pages.md"
_SIZES: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": {"width": 1180, "height": 760}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1180, "height": 760}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 760}, "color_scheme": "light"},
}
_STACKS: Final = {
    "envoys.vgo": """\
envoys:
  - {match: ["web-*"], environment: production, roles: [webserver]}
  - {match: ["db-*"], environment: production, roles: [database]}
  - {match: ["stage-*"], environment: staging, roles: [webserver]}
""",
    "environments.vgo": "environments: {production: {}, staging: {}}\n",
    "roles.vgo": "roles: {webserver: {configcrates: [web]}, database: {configcrates: [db]}}\n",
    "configcrates/web.vgo": """\
configcrate: web
vars: {port: 8080}
compliance: {cis-debian-12: [2.1.1, 2.1.2], pci-dss-4: [2.2.6]}
resources:
  - {name: conf, type: file, path: /srv/web.conf, content: "port = {{ vars.port }}\\n"}
  - {name: root, type: directory, path: /srv/www, mode: 0755}
""",
    "configcrates/db.vgo": """\
configcrate: db
resources:
  - {name: conf, type: file, path: /srv/db.conf, content: "shared_buffers = 4GB\\n"}
""",
    "compliance.vgo": """\
frameworks:
  cis-debian-12: {title: CIS Debian Linux 12 Benchmark, controls: {2.1.1: The first, 2.1.2: The second}}
  pci-dss-4: {title: PCI DSS, version: "4.0.1", controls: {2.2.6: Secure parameters of the system}}
waivers:
  - framework: cis-debian-12
    controls: [2.1.2]
    match: "web-3*"
    reason: The disk is replaced in January.
    approved_by: Cleo
    until: 2099-12-31
""",
    "tasks.vgo": """\
tasks:
  disk-usage:
    description: What takes the room on a machine
    command: df -h /
""",
    "scrier.vgo": 'scrier: [{match: "*", users: {ada: ada}}]\n',
}
_REASONS: Final[dict[Outcome, str]] = {
    "failed": "expected 2 MiB free for /srv/web.conf, found 0; the file system is full",
    "blocked": "another program holds the lock of the package manager: unattended-upgr (1423)",
    "changed": "",
    "unchanged": "",
    "skipped": "web/conf failed",
}
_DIFF: Final = "--- /srv/web.conf\n+++ /srv/web.conf\n@@ -1 +1 @@\n-port = 80\n+port = 8080"


def main() -> int:
    """Draw all pages, and write the page that shows them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vigo-pictures-") as scratch, ExitStack() as stack:
        desk = stack.enter_context(Desk(Path(scratch)))
        desk.server.compiler = compile_folder
        desk.server.clock = FakeClock(datetime.now(UTC) - timedelta(days=1))
        desk.do(desk.server.start())
        stack.callback(lambda: desk.do(desk.server.stop()))
        played = _Played(desk, Path(scratch))
        played.fleet()
        agent = stack.enter_context(played.agent())
        try:
            browser = stack.enter_context(chromium())
            places = played.acts(browser)
            for name, path in places.items():
                for kind, options in _SIZES.items():
                    _draw(browser, desk, path, PICTURES / f"{name}-{kind}.png", options)
                print(name)
        finally:
            agent.terminate()
    GALLERY.write_text(_gallery(list(places)), encoding="utf-8")
    return 0


def _draw(browser: Browser, desk: Desk, path: str, target: Path, options: dict[str, Any]) -> None:
    window = Window(browser, desk.server.url, **options)
    if path != "/sign-in":
        window.sign_in("ada")
    window.page.goto(path)
    if "/sessions/" in path:
        window.page.wait_for_function("document.getElementById('play') !== null")
        window.page.select_option("#speed", "0")
        window.page.wait_for_timeout(700)
        window.page.click("#play")
    window.page.wait_for_timeout(700)
    window.page.evaluate("document.activeElement && document.activeElement.blur()")
    window.page.screenshot(path=target)
    window.close()


class _Played:
    """A fleet that has been there for a day."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._desk = desk
        self._folder = folder
        self._chance = random.Random(11)  # noqa: S311 - the same pictures each time, no secret

    def fleet(self) -> None:
        """Publish twice, let people in, and have machines report for a day."""
        desk = self._desk
        for text, message in (("8080", "The first policy"), ("8443", "TLS on the web servers")):
            files = {name: content.replace("8080", text) for name, content in _STACKS.items()}
            desk.server.write_stacks(files)
            desk.do(desk.server.publish(message))
        desk.server.write_stacks({name: content.replace("4GB", "8GB") for name, content in _STACKS.items()})
        for name, role in (("ada", "admin"), ("ben", "operator"), ("cleo", "auditor")):
            body = {"name": name, "roles": [role], "password": PASSWORD, "match": ["web-*"] if name == "ben" else None}
            desk.do(desk.server.request("POST", "/api/v1/users", body))
        desk.do(self._a_day())

    async def _a_day(self) -> None:
        server = self._desk.server
        names = [f"{kind}-{number}.example.com" for kind in ("web", "db", "stage") for number in range(1, 9)]
        machines = [await Machine.enrolled(server, self._folder / name, name) for name in names]
        for hour in range(24):
            for place, machine in enumerate(machines[:-1]):
                await self._report(machine, place, hour)
            await server.app.history.sample()
            server.clock.advance(timedelta(hours=1) - timedelta(milliseconds=hour))
        # Those of the last hours come on connections of their own: the server has dropped the ones of the night.
        for place, machine in enumerate(machines[:-4]):
            await machine.reconnect()
            await self._report(machine, place, 24)
            await machine.connection.close()
        await server.app.history.sample()
        for machine in machines:
            await machine.connection.close()

    async def _report(self, machine: Machine, place: int, hour: int) -> None:
        hostname = machine.identity.hostname
        assigned = self._desk.server.app.generations.assignment(hostname)
        assert assigned is not None  # noqa: S101 - the stacks have an entry for each
        if not machine.hello.server:
            await machine.greet()
        await machine.check_in(bundle_digest=assigned.bundle.digest)
        outcome: Outcome = "unchanged"
        if place == 2 or (place == 9 and hour > 15):  # noqa: PLR2004 - some are worse than others
            outcome = "failed"
        elif place == 11:  # noqa: PLR2004 - the same
            outcome = "blocked"
        elif place in (4, 5) or self._chance.random() < 0.05:  # noqa: PLR2004 - the same
            outcome = "changed"
        await machine.report(_run(hostname, outcome, assigned.bundle.digest))

    def agent(self) -> "subprocess.Popen[bytes]":
        """Start a real agent on this machine, which does nothing but hold its stream."""
        desk = self._desk
        made = desk.do(desk.server.token("ops-1"))
        state = self._folder / "ops-1"
        words = [sys.executable, "-m", "vigo.agent.main"]
        target = ["--server", made["server"], "--token", made["token"], "--ca-sha256", made["ca_sha256"]]
        argv = [*words, "enroll", *target, "--hostname", "ops-1", "--state-dir", str(state)]
        subprocess.run(argv, check=True, capture_output=True)
        quiet = subprocess.DEVNULL
        daemon = [*with_ada(self._folder / "users"), *words, "daemon", "--state-dir", str(state)]
        return subprocess.Popen(daemon, stdout=quiet, stderr=quiet)

    def acts(self, browser: Browser) -> dict[str, str]:
        """Do what leaves something to see; return the pages by name."""
        desk = self._desk
        self._until(lambda: self._get("envoys/ops-1")["connected_since"] is not None)
        command = {"target": {"hosts": ["ops-1"]}, "command": "uname -sr; uptime -p; df -h / | tail -1"}
        task = desk.do(desk.server.request("POST", "/api/v1/tasks", command)).json()["id"]
        self._until(lambda: self._get(f"tasks/{task}")["ended_at"] is not None)
        window = Window(browser, desk.server.url)
        window.sign_in("ada")
        window.page.goto("/envoys/ops-1")
        window.page.click("text=Terminal as ada")
        window.page.wait_for_url("**/sessions/*")
        for line in ("uname -a", "echo hello from $(hostname -s)", "exit"):
            window.page.wait_for_timeout(400)
            window.page.keyboard.type(f"{line}\n")
        self._until(lambda: self._get("scriers")["items"][0]["ended_at"] is not None)
        session = window.page.url.rpartition("/")[2]
        window.close()
        failed = self._get("runs?outcome=failed&limit=1")["items"][0]
        return {
            "sign-in": "/sign-in",
            "fleet": "/fleet",
            "envoy": f"/envoys/{failed['envoy']}",
            "runs": "/runs",
            "run": f"/runs/{failed['id']}",
            "generations": "/generations",
            "generation": "/generations/2",
            "plan": "/generations/plan",
            "tasks": "/tasks",
            "task": f"/tasks/{task}",
            "workflows": "/workflows",
            "sessions": "/sessions",
            "session": f"/sessions/{session}",
            "enrolments": "/enrolments",
            "compliance": "/compliance",
            "framework": "/compliance/cis-debian-12",
            "secrets": "/secrets",
            "people": "/people",
            "audit": "/audit",
            "server": "/server",
            "account": "/account",
        }

    def _get(self, path: str) -> Any:
        return self._desk.do(self._desk.server.request("GET", f"/api/v1/{path}")).json()

    @staticmethod
    def _until(holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not holds():
            if time.monotonic() > ends:
                raise TimeoutError("what the picture shall show did not come")
            time.sleep(0.1)


def _run(hostname: str, outcome: Outcome, digest: str) -> Run:
    crate = "db" if hostname.startswith("db") else "web"
    first = ResourceResult(
        id=ResourceId(f"{crate}/conf"),
        type="file",
        outcome=outcome,
        reason=_REASONS[outcome],
        diff=_DIFF if outcome in ("changed", "failed") else "",
        changed=("content",) if outcome == "changed" else (),
        ops=("write /srv/web.conf",) if outcome == "changed" else (),
        duration_ms=2.0,
    )
    second = ResourceResult(id=ResourceId(f"{crate}/root"), type="directory", outcome="unchanged", duration_ms=0.2)
    return a_run(bundle_digest=digest, results=(first, second), cause="interval")


def _gallery(names: list[str]) -> str:
    lines = [
        "# The pages",
        "",
        "Made by `make screenshots` from a played fleet and one real agent. How people get in, and what the words",
        "mean: [operating.md](operating.md#the-pages).",
    ]
    for name in names:
        title = name.replace("-", " ").capitalize()
        pictures = " ".join(f"![{title}, {kind}](pictures/pages/{name}-{kind}.png)" for kind in _SIZES)
        lines += ["", f"## {title}", "", pictures]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
