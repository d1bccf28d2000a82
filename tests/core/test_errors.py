from http import HTTPStatus

import pytest

from vigo.core.errors import BY_CODE, CODES, ExitStatus, VigoError
from vigo.core.templates import TemplateError

HIGHEST_GRPC_STATUS = 16


def _below(cls: type[VigoError]) -> list[type[VigoError]]:
    return [cls, *(deeper for below in cls.__subclasses__() for deeper in _below(below))]


def test_every_code_has_one_class_and_every_class_one_row() -> None:
    assert set(BY_CODE) == set(CODES)
    assert len({cls.code for cls in VigoError.__subclasses__()}) == len(VigoError.__subclasses__())


@pytest.mark.parametrize("cls", _below(VigoError), ids=lambda cls: cls.__name__)
def test_an_error_of_any_depth_has_a_row(cls: type[VigoError]) -> None:
    assert cls.code in CODES


@pytest.mark.parametrize("code", CODES)
def test_a_row_holds_statuses_that_mean_an_error(code: str) -> None:
    row = CODES[code]
    assert HTTPStatus(row.http_status) >= HTTPStatus.BAD_REQUEST
    assert 0 < row.grpc_status <= HIGHEST_GRPC_STATUS
    assert row.exit_status is not ExitStatus.OK


@pytest.mark.parametrize(("code", "cls"), BY_CODE.items(), ids=BY_CODE)
def test_an_error_is_rebuilt_from_its_code_and_message(code: str, cls: type[VigoError]) -> None:
    error = cls("expected this, found that; do so")
    assert (error.code, str(error), error.mapping) == (code, "expected this, found that; do so", CODES[code])


def test_a_special_error_keeps_the_code_of_its_kind() -> None:
    assert TemplateError("no", 3).mapping == CODES["invalid"]


def test_scripts_can_rely_on_the_exit_statuses() -> None:
    assert {one.name: int(one) for one in ExitStatus} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NOT_ENROLLED": 3,
        "CHANGES": 4,
    }
    assert CODES["not-enrolled"].exit_status == 3
    assert CODES["usage"].exit_status == 2
