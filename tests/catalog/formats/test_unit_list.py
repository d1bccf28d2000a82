from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.unit_list import UnitState, parse_unit_list

ACTIVE = st.sampled_from(["active", "activating", "inactive", "failed", "reloading"])
UNITS = st.from_regex(r"[a-z@:_.\\-]{1,8}\.(service|mount)", fullmatch=True)


@given(st.dictionaries(UNITS, st.builds(UnitState, st.just("loaded"), ACTIVE, st.sampled_from(["dead", "running"]))))
def test_the_list_is_read_back_with_and_without_marks(units: dict[str, UnitState]) -> None:
    lines = [f"{name:40} {unit.load} {unit.active} {unit.sub} Some words" for name, unit in units.items()]
    assert parse_unit_list("\n".join(lines)) == units
    assert parse_unit_list("\n".join(f"● {line}" for line in lines)) == units
    assert parse_unit_list("\n".join(f"* {line}" for line in lines)) == units


def test_what_waits_for_its_next_attempt_neither_runs_nor_has_failed() -> None:
    unit = parse_unit_list("web.service loaded activating auto-restart Web\n")["web.service"]
    assert not unit.is_running
    assert not unit.has_failed
    assert UnitState("loaded", "active", "exited").is_running
    assert UnitState("not-found", "failed", "failed").has_failed


@given(st.text() | st.text("ab.service ●\n", max_size=100))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_unit_list(text)) <= text.count("\n") + 1
