from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.docs.shown import sit_down
from tests.server.harness import compile_folder


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk in the data folder of a server that was not started; it has the real compiler."""
    with Desk(tmp_path) as made:
        made.server.compiler = compile_folder
        sit_down(made, monkeypatch)
        yield made
