"""Operations that only look: what they find out is for the next pass."""

from collections.abc import Iterator

import pytest

from tests.agent.engine.conftest import KINDS, Probe, ProbeSpec, World, planned
from vigo.catalog.ops import Op, Run, WriteFile

ASKED = "/asked"


class Asking(Run, frozen=True, kw_only=True):
    only_checks = True


class Asker(Probe):
    """It asks first, and writes once it has the answer."""

    kind = "asker"

    def plan(self, spec: ProbeSpec, state: bytes | None) -> Iterator[Op]:
        if state is None:
            yield Asking(argv=("ask",), changes=())
        elif state == b"answer":
            yield WriteFile(path=spec.path, content=b"done")


def test_what_looking_finds_out_is_done_by_the_next_pass_as_each_dry_run_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "asker", Asker())
    apply = world.host.apply
    world.execute = lambda op: apply(WriteFile(path=ASKED, content=b"answer") if isinstance(op, Asking) else op)
    asker = planned("asked", type="asker")
    for outcome in ("unchanged", "changed", "unchanged"):
        foreseen = world.run(asker, dry_run=True)["asked"]
        done = world.run(asker)["asked"]
        assert (done.outcome, done.ops) == (outcome, foreseen.ops)
        assert foreseen.outcome == outcome
    assert world.host.read_bytes(ASKED) == b"done"
