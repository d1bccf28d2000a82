"""What machines and people say is data: a template in it is shown as it is, and nowhere worked out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import FakeMachine, policy
from tests.server.harness import Machine, Server, a_run, served
from vigo.agent.identity.identity import IdentityFolder
from vigo.core.encoding import digest_of
from vigo.core.ids import ResourceId
from vigo.core.run import ResourceResult
from vigo.core.traits import pack_traits
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_server import FakeServer

TEMPLATE = "{{ 7*7 }}{% set x = 7*7 %}{{x}}"
SECOND = "{{ '{{ 7' }}*7 }}"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def _applied(server: FakeServer, folder: Path, content: str, traits: dict[str, dict[str, Any]]) -> str | None:
    agent = Agent(server, IdentityFolder(folder))
    agent.machine = FakeMachine(FakeHost())
    agent.machine.traits = {"os": {"family": "debian"}, **traits}
    (resource,) = policy(content).resources
    templated = msgspec.structs.replace(resource, fields={"path": "/file0"}, templates={"content": content})
    server.publish(msgspec.structs.replace(policy(content), resources=(templated,)), 1)
    report = agent.cycle()
    assert report.run is not None
    return agent.text("/file0")


@pytest.mark.parametrize("hostile", [TEMPLATE, SECOND, "{{ traits }}", "${7*7} #{7*7} <%= 7*7 %>"])
def test_12_a_template_in_a_trait_is_written_as_it_is(server: FakeServer, tmp_path: Path, hostile: str) -> None:
    written = _applied(
        server, tmp_path / "state", "{{ traits.network.hostname }}\n", {"network": {"hostname": hostile}}
    )
    assert written == f"{hostile}\n"


@pytest.mark.parametrize(
    "content",
    [
        "{{ traits.network | tojson }}\n",
        "{% for one in traits.network.names %}{{ one }}\n{% endfor %}",
        "{% set inner = traits.network.hostname %}{{ inner }}{{ inner | upper | lower }}\n",
        "{{ traits.network.names | join(' ') }}\n",
    ],
)
def test_12_nor_by_a_filter_a_loop_or_a_second_look(server: FakeServer, tmp_path: Path, content: str) -> None:
    traits = {"network": {"hostname": TEMPLATE, "names": [TEMPLATE, SECOND]}}
    written = _applied(server, tmp_path / "state", content, traits)
    assert written is not None
    assert "49" not in written
    assert "7*7" in written


def test_12_a_template_of_the_policy_is_worked_out(server: FakeServer, tmp_path: Path) -> None:
    assert _applied(server, tmp_path / "state", "{{ 7*7 }}\n", {}) == "49\n"


@served
async def test_12_nothing_that_is_reported_is_worked_out(server: Server, tmp: Path) -> None:
    result = ResourceResult(
        id=ResourceId(f"toy/{TEMPLATE}"), type="file", outcome="failed", reason=TEMPLATE, diff=TEMPLATE, ops=(SECOND,)
    )
    traits = {"network": {"hostname": TEMPLATE}, "custom": {TEMPLATE: SECOND}}
    async with await Machine.enrolled(server, tmp / "a", "web-1") as machine:
        await machine.check_in(traits_digest=digest_of(traits), traits=pack_traits(traits), agent_version=TEMPLATE)
        run = msgspec.structs.replace(a_run(), results=(result,))
        await machine.report(run)
    await server.publish(TEMPLATE)
    paths = ("envoys", "envoys/web-1", "runs", f"runs/{run.id}", "generations", "health")
    shown = [(await server.request("GET", f"/api/v1/{path}")).json() for path in paths]
    told = msgspec.json.encode(shown).decode().replace(str(run.id), "")
    assert told.count("7*7") >= 6
    for text in _texts(shown):
        assert "7" not in text or "49" not in text or "{" not in text, text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
