from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose server was not started."""
    with Desk(tmp_path) as made:
        yield made


@pytest.fixture
def desk(offline: Desk) -> Iterator[Desk]:
    offline.do(offline.server.start())
    yield offline
    offline.do(offline.server.stop())
