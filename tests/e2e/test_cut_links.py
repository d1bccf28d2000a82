"""A link between a machine and its server that is cut and heals, by network namespaces."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.cable import NEAR, Cable, cable
from tests.e2e.processes import BIN, Background, until
from tests.e2e.shells import ADA, Desk, with_ada
from tests.e2e.world import Envoy, Server


class Apart(Server):
    """A server at the near end of a cable; its admin is there too."""

    @property
    def _inside(self) -> tuple[str, ...]:
        return self.prefix

    def token(self, hostname: str = "*", uses: int = 1) -> dict[str, str]:
        made: dict[str, str] = self.ask("tokens", "create", "--hostname", hostname, "--uses", str(uses))
        return made

    def envoy(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("envoys", "show", name)
        return found

    def desk(self, *words: object) -> Desk:
        """Return a terminal of the admin's at which `vigocli` runs."""
        return Desk("/usr/bin/nsenter", *self.prefix[1:], BIN / "vigocli", "--data-dir", self.data, *words)


class World(NamedTuple):
    server: Apart
    cable: Cable
    daemon: Background

    @property
    def connected_since(self) -> str | None:
        found: str | None = self.server.envoy("web-1")["connected_since"]
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with cable() as wire, started(wire, tmp_path) as found:
        yield found


@contextmanager
def started(wire: Cable, folder: Path) -> Iterator[World]:
    server = Apart(folder / "server", wire.near)
    server.grpc = server.api = f"{NEAR}:0"
    with server:
        server.write_stacks(
            {
                "envoys.vgo": "envoys: []\n",
                "scrier.vgo": f'scrier: [{{match: "*", users: {{"*": {ADA}}}}}]\n',
            }
        )
        assert server.cli("config", "publish", "-m", "a test").status == 0
        envoy = Envoy("web-1", folder, server, is_image=False)
        envoy.prefix = wire.far
        envoy.enrol()
        envoy.prefix = (*wire.far, *with_ada(folder / "users"))
        with envoy.daemon("1h") as daemon:
            found = World(server, wire, daemon)
            daemon.until("presence", lambda: found.connected_since is not None)
            yield found


def test_a_cut_link_costs_neither_a_task_nor_its_output(world: World, tmp_path: Path) -> None:
    """It takes half a minute: two and a half beats, with nothing to hurry them."""
    go, ran = tmp_path / "go", tmp_path / "ran"
    command = f"echo ran >> {ran}; echo before; until [ -e {go} ]; do sleep 0.05; done; seq 30000"
    task = world.server.ask("task", "run", command, "--all", "--detach")["id"]

    def part() -> dict[str, Any]:
        found: dict[str, Any] = world.server.ask("task", "show", task)["targets"][0]
        return found

    until("its output", lambda: part()["output"] == "before\n", lambda: world.server.process.err)
    world.cable.cut()
    go.touch()
    until("absence", lambda: world.connected_since is None, lambda: world.server.process.err)
    world.daemon.until_it_says("task ended")
    assert part()["ended_at"] is None
    assert "not-connected" in world.server.cli("envoys", "push", "web-1", "--json").out
    world.cable.heal()
    until("its end", lambda: part()["ended_at"] is not None, lambda: world.daemon.err)
    found = part()
    assert (found["state"], ran.read_text()) == ("succeeded", "ran\n")
    assert found["output"] == "before\n" + "".join(f"{number}\n" for number in range(1, 30_001))
    until("presence", lambda: world.connected_since is not None, lambda: world.daemon.err)
    assert json.loads(world.server.cli("query", "1 + 1", "--all", "--json").out)["value"] == 2


def test_a_cut_link_costs_a_session_no_byte(world: World) -> None:
    with world.server.desk("scrier", "shell", "web-1") as desk:
        desk.type("stty -echo; echo up-$((1+1))\n")
        desk.shows("up-2")
        desk.type("seq 300000; echo all-$((2+2))\n")
        desk.shows("\n2000\r\n")
        world.cable.cut()
        until("the end of the stream", lambda: "stream ended" in world.daemon.err, lambda: world.daemon.err)
        world.cable.heal()
        desk.shows("all-4")
        numbers = [int(found) for found in re.findall(rb"(?<=\n)(\d+)(?=\r)", desk.shown)]
        assert numbers[-290_000:] == list(range(10_001, 300_001)), "none is lost, and none comes twice"
        desk.type("exit 7\n")
        assert desk.ended() == 7
