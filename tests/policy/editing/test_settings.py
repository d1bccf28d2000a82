"""What an editor knows of `noop`, `window`, `reconverge` and retries."""

import pytest

from tests.policy.editing.stacks import labels, told
from vigo.core.windows import DAYS
from vigo.policy.documents.settings import WINDOW_KEYS


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("envoys.vgo", "envoys:\n  - match: a\n    window: {¦"),
        ("envoys.vgo", "envoys:\n  - match: a\n    window:\n      - ¦"),
        ("environments.vgo", "environments:\n  test:\n    window:\n      ¦"),
    ],
)
def test_the_keys_of_a_window_are_offered_in_it_and_in_a_list_of_them(file: str, text: str) -> None:
    assert set(WINDOW_KEYS) <= set(labels(text, file))


def test_days_and_words_are_offered() -> None:
    assert set(DAYS) <= set(labels("envoys: [{match: a, window: {days: [¦]}}]", "envoys.vgo"))
    assert labels("envoys: [{match: a, reconverge: ¦}]", "envoys.vgo") == ["events", "interval"]
    assert labels("envoys: [{match: a, noop: ¦}]", "envoys.vgo") == ["true", "false"]
    assert labels("configcrate: a\nnoop: ¦") == ["true", "false"]


def test_each_is_told_with_what_holds_without_it() -> None:
    assert told("envoys: [{match: a, recon¦verge: interval}]", "envoys.vgo").endswith("Default: `events`")
    assert told("envoys: [{match: a, win¦dow: {}}]", "envoys.vgo").startswith("`window`\n\nWhen these machines may be")
    assert told("envoys: [{match: a, window: {ti¦mezone: UTC}}]", "envoys.vgo").startswith("`timezone`\n\nWhose clock")
    assert told("resources: [{name: a, ret¦ries: 3}]").endswith("Example: `3`\n\nDefault: `0`")
    assert told("resources: [{name: a, retry_de¦lay: 10s}]").endswith("Example: `10s`\n\nDefault: `5s`")
