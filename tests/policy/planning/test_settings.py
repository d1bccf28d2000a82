"""A plan tells of an entry whose `noop`, `window` or `reconverge` becomes another, for whom, and of retries."""

import pytest

from tests.policy.planning.fleets import DEBIAN, change, fleet_plan, stacks
from vigo.core.windows import DAYS, Day, Window
from vigo.policy.planning.answer import FleetPlan, SettingChange
from vigo.policy.planning.settings import in_words

A = "{name: a, type: file, path: /a, content: x}"


def entry(settings: str = "", match: str = '"*"') -> str:
    return f"{{match: {match}, configcrates: [web]{', ' if settings else ''}{settings}}}"


def settings_of(plan: FleetPlan) -> dict[tuple[str, ...], list[tuple[str, str | None, str | None]]]:
    return {one.hosts: [(two.name, two.before, two.after) for two in one.settings] for one in plan.groups}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "noop: true", [("noop", None, "true")]),
        ("noop: true", "noop: false", [("noop", "true", None)]),
        ("", 'window: {days: [sat, sun], from: "22:00", to: "04:00"}', [("window", None, "sat-sun, 22:00 to 04:00")]),
        ("window: {days: sun}", "window: [{days: sun}, {from: 22:00}]", None),
        ("reconverge: events", "reconverge: interval", [("reconverge", None, "interval")]),
        ("noop: true, window: {days: sun}", "", [("noop", "true", None), ("window", "sun, the whole day", None)]),
    ],
)
def test_a_setting_that_becomes_another_is_a_change(
    before: str, after: str, told: list[tuple[str, str | None, str | None]] | None
) -> None:
    plan = fleet_plan(stacks(A, entries=entry(before)), stacks(A, entries=entry(after)), {"web-1": DEBIAN})
    assert plan.changes
    assert plan.envoys.changing == 1
    expected = [("window", "sun, the whole day", "sun, the whole day; 22:00 to 24:00")] if told is None else told
    assert settings_of(plan) == {("web-1",): expected}
    assert plan.resources == ()


def test_where_noop_stands_and_what_is_written_out_are_no_change() -> None:
    before = stacks(A, entries=entry("noop: true, environment: e"), **{"environments.vgo": "environments: {e: {}}"})
    after = stacks(
        A, entries=entry("environment: e"), **{"environments.vgo": "environments: {e: {noop: true, window: null}}"}
    )
    assert not fleet_plan(before, after, {"web-1": DEBIAN}).changes


def test_only_envoys_of_that_entry_have_the_change() -> None:
    others = entry(match="db-1")
    before = stacks(A, entries=f"{entry(match='web-1')}, {others}")
    after = stacks(A, entries=f"{entry('noop: true', match='web-1')}, {others}")
    plan = fleet_plan(before, after, {"web-1": DEBIAN, "db-1": DEBIAN})
    assert settings_of(plan) == {("web-1",): [("noop", None, "true")]}
    assert plan.groups[0].settings == (SettingChange(name="noop", before=None, after="true"),)


def test_a_configcrate_that_becomes_noop_is_a_change_of_its_resources() -> None:
    before = stacks(A)
    after = before | {"configcrates/web.vgo": before["configcrates/web.vgo"] + "noop: true\n"}
    found = change(before, after)
    assert [(one.name, one.before, one.after) for one in found.fields] == [("noop", None, "true")]


def test_retries_are_told_as_options() -> None:
    found = change(stacks(A), stacks(A.replace("}", ", retries: 3, retry_delay: 1m}")))
    assert [(one.name, one.after) for one in found.fields] == [("retries", "3"), ("retry_delay", "60s")]


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), "the whole day"),
        (Window(days=("sun",)), "sun, the whole day"),
        (Window(days=("mon", "tue", "wed", "fri", "sun"), timezone="UTC"), "mon-wed, fri, sun, the whole day, UTC"),
    ],
)
def test_a_window_in_words(window: Window, words: str) -> None:
    assert in_words(window) == words


@pytest.mark.parametrize("day", DAYS)
def test_one_day_is_no_span(day: Day) -> None:
    assert in_words(Window(days=(day,))) == f"{day}, the whole day"
