"""What the demo shows, one fact after the other. Each is checked from outside: by the files and by the server's API."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from processes import Envoy, FactError, Server

STACKS = Path(__file__).with_name("stacks")
INTERVAL = "1s"
LONGEST_WAIT_SECONDS = 60
POLL_SECONDS = 0.2
FEWEST_RESOURCES = 12
CHAIN = ("site/folder-releases", "site/release", "site/page", "site/current")
SETTINGS, DATABASE_SETTINGS = "etc/site/site.conf", "etc/database/database.conf"


class Story:
    """A server and three machines, from nothing to a fleet that heals itself."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder)
        self.web_1, self.web_2, self.db_1 = (Envoy(name, folder) for name in ("web-1", "web-2", "db-1"))
        self.envoys = (self.web_1, self.web_2, self.db_1)
        self._told_before: set[str] = set()

    def facts(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield each fact and what shows it: a call that returns how it was seen, or raises FactError."""
        yield "the server serves, with an embedded store, on loopback", self._serve
        yield "three envoys enrolled, each with a key of its own", self._enrol
        yield "the example stacks are published", self._publish
        yield "every envoy converged", self._converge
        yield "the environment overrides what roles say", self._override
        yield "templates were rendered on the machines", self._render
        yield "dependencies came before what needs them", self._order
        yield "a change notified the reload, once", self._notify
        yield "a file broken by hand was healed", self._heal
        yield "without the server an envoy went on healing", self._heal_alone
        yield "the results of that time arrived, none lost and none doubled", self._deliver

    def close(self) -> None:
        """Stop every process."""
        for envoy in self.envoys:
            envoy.stop()
        self.server.stop()

    def logs(self) -> Iterator[tuple[str, str]]:
        """Yield the last lines of every log."""
        yield "vigosrv", self.server.tail()
        for envoy in self.envoys:
            yield f"vigo on {envoy.name}", envoy.tail()

    def _serve(self) -> str:
        self.server.initialise()
        self.server.start()
        wait("the server to be ready", self.server.is_ready)
        return self.server.api

    def _enrol(self) -> str:
        token = self.server.ask("tokens", "create", "--hostname", "*-1", "--ttl", "1h", "--uses", "2")
        other = self.server.ask("tokens", "create", "--hostname", "web-2", "--ttl", "1h", "--uses", "1")
        for envoy in self.envoys:
            envoy.enrol(other if envoy is self.web_2 else token)
        names = sorted(item["hostname"] for item in self._listed())
        expect(names == ["db-1", "web-1", "web-2"], f"the server lists {names}")
        return ", ".join(names)

    def _publish(self) -> str:
        shutil.rmtree(self.server.stacks)
        shutil.copytree(STACKS, self.server.stacks)
        checked = self.server.ask("config", "validate")
        expect(checked["resources"] >= FEWEST_RESOURCES, f"{checked['resources']} resources are declared")
        published = self.server.ask("config", "publish", "-m", "The first policy")
        number = published["generation"]["number"]
        expect(number == 1, f"the generation's number is {number}")
        return f"generation 1 with {checked['resources']} resources in {checked['configcrates']} configcrates"

    def _converge(self) -> str:
        for envoy in self.envoys:
            envoy.start(INTERVAL)

        def all_converged() -> bool:
            found = self._listed()
            return all(item["generation"] == 1 and item["convergence"] == "converged" for item in found)

        wait("every envoy to report generation 1 as converged", all_converged, self._states)
        counts = {item["hostname"]: sum(item["last_run"]["counts"].values()) for item in self._listed()}
        return ", ".join(f"{name} holds {count} resources" for name, count in sorted(counts.items()))

    def _override(self) -> str:
        found = self.web_1.read(SETTINGS) or ""
        expect("port = 80\n" in found and "workers = 8\n" in found, f"web-1 has {found!r}")
        expect(self.web_1.read("etc/site-debug") is None, "web-1 has the debug tools")
        other = self.web_2.read(SETTINGS) or ""
        expect("port = 8080\n" in other and "workers = 2\n" in other, f"web-2 has {other!r}")
        expect(self.web_2.read("etc/site-debug") is not None, "web-2 has no debug tools")
        return "web-1 in production: port 80, no debug tools; web-2: port 8080, with them"

    def _render(self) -> str:
        for envoy in self.envoys:
            found = envoy.read("etc/motd.d/vigo") or ""
            expect(f"\n{envoy.name} (debian) is kept" in found, f"{envoy.name} has {found!r}")
        return "each machine's greeting has its own name and system"

    def _order(self) -> str:
        ran = [result["id"] for result in self._first_run(self.web_1)["results"]]
        places = [ran.index(name) for name in CHAIN]
        expect(places == sorted(places), f"the run went {', '.join(ran)}")
        expect((self.web_1.root / "srv/site/current/index.html").is_file(), "srv/site/current leads to no page")
        return " -> ".join(name.partition("/")[2] for name in CHAIN)

    def _notify(self) -> str:
        first = self._outcomes(self._first_run(self.web_1))
        expect(first["site/settings"] == "changed", f"the first run left settings {first['site/settings']}")
        expect(first["site/reload"] == "changed", f"the first run left reload {first['site/reload']}")
        expect(self.web_1.read("var/lib/site/reloaded") == "port 80\n", "web-1 was not reloaded with port 80")
        again = [
            run for run in self._runs(self.web_1)[:-1] if self._outcomes(self._shown(run))["site/reload"] == "changed"
        ]
        expect(not again, f"{len(again)} later runs reloaded as well, with nothing changed")
        return "with the first run's new settings, and in no run since"

    def _heal(self) -> str:
        wanted = self.web_1.read(SETTINGS)
        self.web_1.write(SETTINGS, "port = 6666\n")
        wait(f"{SETTINGS} on web-1 to be healed", lambda: self.web_1.read(SETTINGS) == wanted)

        def is_reported() -> bool:
            return any(self._changed(run) == {"site/settings": ["content"]} for run in self._runs(self.web_1)[:-1])

        wait("the server to know of it", is_reported)
        return f"{SETTINGS} on web-1, as its run on the server says"

    def _heal_alone(self) -> str:
        self._told_before = {run["id"] for run in self._runs(self.db_1)}
        self.server.stop()
        wanted = self.db_1.read(DATABASE_SETTINGS)
        self.db_1.write(DATABASE_SETTINGS, "shared_buffers_percent = 99\n")
        wait(f"{DATABASE_SETTINGS} on db-1 to be healed", lambda: self.db_1.read(DATABASE_SETTINGS) == wanted)
        wait("its result to wait for the server", lambda: self.db_1.status()["waiting_runs"] > 0)
        return f"{DATABASE_SETTINGS} on db-1; {self.db_1.status()['waiting_runs']} runs wait for the server"

    def _deliver(self) -> str:
        self.server.start()
        wait("the server to be ready", self.server.is_ready)
        wait("no result to wait any more", lambda: self.db_1.status()["waiting_runs"] == 0)
        runs = self._runs(self.db_1)
        # The first of them need not say offline: a repair does not ask the server, so it may not know yet.
        since = [run for run in runs if run["id"] not in self._told_before]
        healed = [run for run in since if self._changed(run) == {"database/settings": ["content"]}]
        expect(len(healed) == 1, f"{len(healed)} of {len(since)} runs since the server stopped tell of the healing")
        expect(len({run["id"] for run in runs}) == len(runs), "a run is listed twice")
        dropped = sum(run["dropped_runs"] for run in runs)
        expect(dropped == 0, f"{dropped} runs were dropped")
        return f"{len(since)} runs of db-1 since the server stopped, one of which healed"

    def _listed(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.server.ask("envoys", "list")["items"]
        return items

    def _states(self) -> str:
        return ", ".join(
            f"{item['hostname']}: {item['convergence']} in {item['generation']}" for item in self._listed()
        )

    def _runs(self, envoy: Envoy) -> list[dict[str, Any]]:
        """Return an envoy's runs, the latest first."""
        runs: list[dict[str, Any]] = self.server.ask("runs", "list", "--envoy", envoy.name)["items"]
        return runs

    def _first_run(self, envoy: Envoy) -> dict[str, Any]:
        return self._shown(self._runs(envoy)[-1])

    def _shown(self, run: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = self.server.ask("runs", "show", run["id"])
        return shown

    def _outcomes(self, shown: dict[str, Any]) -> dict[str, str]:
        return {result["id"]: result["outcome"] for result in shown["results"]}

    def _changed(self, run: dict[str, Any]) -> dict[str, list[str]]:
        """Return the resources that a run changed, and the fields of each; without asking where it changed none."""
        if not run["counts"]["changed"]:
            return {}
        results = self._shown(run)["results"]
        return {result["id"]: result["changed"] for result in results if result["outcome"] == "changed"}


def expect(holds: bool, found: str) -> None:  # noqa: FBT001 - it reads like an assertion
    """Accept what holds.

    Raises:
        FactError: it does not; with what was found.
    """
    if not holds:
        raise FactError(found)


def wait(what: str, holds: Callable[[], bool], found: Callable[[], str] = lambda: "") -> None:
    """Return when something holds.

    Raises:
        FactError: it did not come to hold in a minute.
    """
    ends_at = time.monotonic() + LONGEST_WAIT_SECONDS
    while not holds():
        if time.monotonic() > ends_at:
            raise FactError(f"waited {LONGEST_WAIT_SECONDS} s for {what}; {found()}".rstrip("; "))
        time.sleep(POLL_SECONDS)
