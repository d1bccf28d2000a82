import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.unit_properties import is_outdated, parse_units, unit_question

DROPIN = "/etc/systemd/system/x.service.d/a.conf"


@pytest.mark.parametrize(
    ("unit", "asked"), [("x.service", "x.service"), ("x@.service", "x@*.service"), ("x@1.timer", "x@1.timer")]
)
def test_a_template_is_asked_for_by_its_instances(unit: str, asked: str) -> None:
    assert unit_question(unit)[-1] == asked


def test_each_unit_of_an_answer_has_its_own_properties() -> None:
    text = "LoadState=loaded\nActiveState=active\n\nLoadState=not-found\nActiveState=inactive\n"
    assert [unit["LoadState"] for unit in parse_units(text)] == ["loaded", "not-found"]
    assert parse_units("") == []


@pytest.mark.parametrize(
    ("unit", "dropin", "is_there", "outdated"),
    [
        ({"NeedDaemonReload": "yes"}, None, True, True),
        ({"NeedDaemonReload": "no"}, None, True, False),
        ({"LoadState": "loaded", "DropInPaths": ""}, DROPIN, True, True),
        ({"LoadState": "loaded", "DropInPaths": f"/x {DROPIN}"}, DROPIN, True, False),
        ({"LoadState": "loaded", "DropInPaths": DROPIN}, DROPIN, False, True),
        ({"LoadState": "not-found", "DropInPaths": ""}, DROPIN, True, False),
    ],
)
def test_systemd_goes_by_other_files_than_are_there(
    unit: dict[str, str], dropin: str | None, *, is_there: bool, outdated: bool
) -> None:
    assert is_outdated([unit], dropin, is_there=is_there) is outdated


@given(st.text())
def test_any_answer_is_read(text: str) -> None:
    is_outdated(parse_units(text), DROPIN, is_there=True)
