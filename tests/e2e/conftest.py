from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import forget_logs, log_tails
from tests.e2e.world import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a module; each publishes what it needs, for hostnames of its own."""
    with Server(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _own_logs() -> None:
    forget_logs()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's machines stand; short, since paths stand in policies and messages."""
    return tmp_path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes logged beside each failure."""
    report = yield
    if report.failed:
        report.sections.extend((f"log {name}", tail) for name, tail in log_tails())
    return report
