import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

# A deadline is a timed assertion: it fails by chance on a machine that is busy. What CI draws is the same each time, so
# that a failure there is the change's; elsewhere fewer, new ones are drawn, and what failed once is tried again first.
IN_CI = bool(os.environ.get("CI"))
settings.register_profile("vigo", deadline=None, max_examples=40 if IN_CI else 25, derandomize=IN_CI)
settings.load_profile("vigo")

Reported = Generator[None, pytest.TestReport, pytest.TestReport]


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    """Give the next test the usual mask, though an agent in this process has set its own."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Reported:
    """Make a skip a failure in CI, where every test has to run."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nA skip is a failure where CI=true: in CI every test runs."
    return report
