import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.logins import HumanIds, Login, parse_human_ids, parse_utmp

LOGINS = st.builds(Login, st.from_regex(r"[a-z]{1,32}", fullmatch=True), st.integers(0, 2**31 - 1))


def _record(login: Login, size: int, order: str, kind: int = 7) -> bytes:
    number = "little" if order == "little" else "big"
    head = kind.to_bytes(2, number) + bytes(2) + login.pid.to_bytes(4, number) + bytes(36)
    return (head + login.user.encode().ljust(32, b"\0")).ljust(size, b"\0")


@pytest.mark.parametrize("size", [384, 400])
@pytest.mark.parametrize("order", ["little", "big"])
@given(logins=st.lists(LOGINS, max_size=5))
def test_sessions_are_read_back(size: int, order: str, logins: list[Login]) -> None:
    assert parse_utmp(b"".join(_record(login, size, order) for login in logins), order) == tuple(logins)


def test_records_of_other_kinds_and_without_a_name_are_no_session() -> None:
    data = _record(Login("ann", 1), 384, "little", kind=8) + _record(Login("", 1), 384, "little")
    assert parse_utmp(data, "little") == ()


@given(st.binary(max_size=800) | st.binary(min_size=384, max_size=384), st.text())
def test_any_content_is_read_without_an_error(data: bytes, text: str) -> None:
    parse_utmp(data, "little")
    lowest, highest = parse_human_ids(text)
    assert lowest >= 0
    assert highest >= 0


def test_a_cut_file_has_no_sessions() -> None:
    assert parse_utmp(_record(Login("ann", 1), 384, "little")[:-1], "little") == ()


def test_the_range_of_people_is_that_of_the_file_or_the_default() -> None:
    assert parse_human_ids("# UID_MIN 1\nUID_MIN\t500\nUID_MAX x\nGID_MIN 7\n") == HumanIds(500, 60000)
    assert parse_human_ids("") == HumanIds(1000, 60000)
