import os
import threading
from datetime import timedelta

import pytest

from vigo.agent.host.pattern_search import is_found
from vigo.core.errors import TimedOutError

LONG, SHORT = timedelta(seconds=30), timedelta(seconds=0.2)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("", "", True),
        ("(?i)É", "é", True),
        ("x" * 9 + "$", "x" * 10**6, True),
    ],
)
def test_it_is_found_or_not(pattern: str, text: str, found: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_found(pattern, text, LONG) is found


@pytest.mark.parametrize("pattern", ["(a+)+$b", "(a|aa)+$b", ".*.*.*.*.*.*.*.*x"])
def test_what_would_take_years_is_ended_by_the_kernel(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []
    fork = os.fork

    def noted() -> int:
        children.append(fork())
        return children[-1]

    monkeypatch.setattr(os, "fork", noted)
    with pytest.raises(TimedOutError, match="repetitions within repetitions"):
        is_found(pattern, "a" * 5_000, SHORT)
    (child,) = children
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_it_works_beside_other_threads_and_off_the_main_one() -> None:
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(is_found("b", "abc", LONG))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 4
