from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from vigo.agent.journal.journal import Journal
from vigo.core.bundle import SignedBundle, seal
from vigo.core.ids import Digest, GenerationNumber, ResourceId, new_run_id
from vigo.core.plan import Origin, Plan
from vigo.core.run import Outcome, ResourceResult, Run
from vigo.core.signing import SigningKey
from vigo.testing.clock import START

KEY = SigningKey(bytes(32))


def run_of(outcome: Outcome = "unchanged", size: int = 0, dropped: int = 0) -> Run:
    result = ResourceResult(id=ResourceId("web/a"), type="file", outcome=outcome, diff="x" * size)
    return Run(
        id=new_run_id(),
        generation=GenerationNumber(1),
        bundle_digest=Digest("d"),
        started_at=START,
        duration_ms=1.0,
        dropped_runs=dropped,
        results=(result,),
    )


def bundle_of(generation: int = 1, life: timedelta = timedelta(days=30)) -> SignedBundle:
    plan = Plan(entry=Origin("envoys.vgo", 1), match=("web-*",))
    return seal(plan, GenerationNumber(generation), START + life, KEY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path)
    yield opened
    opened.close()
