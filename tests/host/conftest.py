import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, boot
from tests.host.debian_root import cached_root, lacks_python, what_is_missing

Reported = Generator[None, pytest.TestReport, pytest.TestReport]


@pytest.fixture(scope="session")
def debian_root() -> Path:
    """Return the folder of a small Debian, or skip where none can be booted."""
    if missing := what_is_missing():
        pytest.skip(f"no Debian can be booted here: {missing}")
    root = cached_root()
    if missing := lacks_python(root):
        pytest.skip(f"the agent cannot run in a Debian here: {missing}")
    return root


@pytest.fixture
def debian(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a freshly booted Debian, gone with all its changes at the end of the test."""
    with boot(debian_root, tmp_path) as machine:
        yield machine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Reported:
    """Make a skip a failure in CI, where every test has to run."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nA skip is a failure where CI=true: in CI every test runs."
    return report
