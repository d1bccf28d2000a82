"""A bundle that is older, put together from two, or cut short is refused, and the one that is held stays."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import policy
from vigo.agent.identity.identity import IdentityFolder
from vigo.core.bundle import SignedBundle
from vigo.core.ids import GenerationNumber
from vigo.testing.fake_server import FakeServer

Bend = Callable[[SignedBundle, SignedBundle], SignedBundle]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def _parts(*names: str) -> Bend:
    """Return what takes some parts of an older bundle into a newer one."""
    return lambda old, new: msgspec.structs.replace(new, **{name: getattr(old, name) for name in names})


def _cut(share: float) -> Bend:
    return lambda _, new: msgspec.structs.replace(
        new, compressed_plan=new.compressed_plan[: int(len(new.compressed_plan) * share)]
    )


BENDS: dict[str, Bend] = {
    "older": lambda old, _: old,
    "older, said to be newer": lambda old, new: msgspec.structs.replace(old, generation=new.generation),
    "plan of the older": _parts("compressed_plan"),
    "plan and digest of the older": _parts("compressed_plan", "digest"),
    "signature of the older": _parts("signature"),
    "all but the generation": _parts("compressed_plan", "digest", "signature", "not_after"),
    "end of the older": lambda old, new: msgspec.structs.replace(new, not_after=old.not_after.replace(year=2999)),
    **{f"cut at {share:.0%}": _cut(share) for share in (0.0, 0.1, 0.5, 0.9, 0.99)},
    "nothing": lambda _, new: msgspec.structs.replace(new, compressed_plan=b"", signature=b""),
}


@pytest.mark.parametrize("what", BENDS)
def test_21_what_is_old_mixed_or_cut_is_refused_and_the_held_one_stays(
    server: FakeServer, tmp_path: Path, what: str
) -> None:
    agent = Agent(server, IdentityFolder(tmp_path / "state"))
    old = server.publish(policy("old\n"), 1)
    assert agent.cycle().delivered
    held = server.publish(policy("held\n"), 5)
    assert agent.cycle().delivered
    server.publish(policy("new\n"), 6)
    assert server.bundle is not None
    server.bundle = BENDS[what](old, server.bundle)
    report = agent.cycle()
    assert agent.text("/file0") == "held\n"
    assert "a bundle that is not accepted" in report.message
    assert report.run is not None
    assert report.run.generation == held.generation
    server.publish(policy("new\n"), 6)
    assert agent.cycle().delivered
    assert agent.text("/file0") == "new\n"


def test_21_going_back_is_a_new_generation(server: FakeServer, tmp_path: Path) -> None:
    agent = Agent(server, IdentityFolder(tmp_path / "state"))
    for generation, content in ((1, "one\n"), (2, "two\n"), (3, "one\n")):
        server.publish(policy(content), generation)
        assert agent.cycle().delivered
        assert agent.text("/file0") == content
    report = agent.cycle()
    assert report.run is not None
    assert report.run.generation == GenerationNumber(3)
