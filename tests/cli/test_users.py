import pytest

from tests.cli.desk import Desk, Terminal

PASSWORD = "a few words do well"


def test_somebody_is_let_in_changed_and_removed(desk: Desk) -> None:
    assert desk.here("users", "list").err == "nobody can sign in; `vigocli users add` lets somebody in\n"
    added = desk.here("users", "add", "ben", "--role", "operator", "--on", "web-*", told=f"{PASSWORD}\n")
    assert (added.status, added.out) == (0, f"ben can sign in at {desk.server.url}\n")
    assert desk.here("users", "list").rows[1] == ["ben", "operator", "web-*", "never", "0", "none", "active"]
    assert desk.here("users", "change", "ben", "--role", "viewer", "--on-all", "--disable").status == 0
    assert desk.here("users", "list").rows[1] == ["ben", "viewer", "all", "never", "0", "none", "disabled"]
    assert desk.here("users", "change", "ben", "--password", told=f"other {PASSWORD}\n").status == 0
    assert desk.here("users", "remove", "ben").out == "removed ben\n"
    assert desk.here("users", "remove", "ben").status == 1


def test_a_password_is_asked_for_twice_and_never_shown(desk: Desk) -> None:
    words = ("--data-dir", str(desk.server.folder.root), "users", "add", "ada", "--role", "admin")
    status, seen = Terminal(desk).run(*words, told=("Password of ada", f"{PASSWORD}\n", "Repeat", f"{PASSWORD}\n"))
    assert (status, PASSWORD in seen, "ada can sign in" in seen) == (0, False, True)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("add", "ben"), 2, "--role"),
        (("add", "ben", "--role", "boss"), 2, "'viewer', 'operator'"),
        (("add", "Ben", "--role", "viewer"), 1, "small letters"),
        (("change", "ben", "--role", "viewer"), 1, "expected the name of somebody"),
        (("change", "ben", "--on", "x", "--on-all"), 2, "found both"),
        (("remove", ".."), 1, "expected the name of somebody"),
    ],
)
def test_what_cannot_be_is_told(desk: Desk, words: tuple[str, ...], status: int, told: str) -> None:
    result = desk.here("users", *words, told=f"{PASSWORD}\n")
    assert (result.status, told in result.err) == (status, True), result


def test_a_change_of_nothing_is_refused(desk: Desk) -> None:
    desk.here("users", "add", "ben", "--role", "viewer", told=f"{PASSWORD}\n")
    result = desk.here("users", "change", "ben")
    assert (result.status, "found nothing" in result.err) == (1, True)
