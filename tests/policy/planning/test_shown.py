import msgspec
import pytest

from tests.policy.planning.fleets import DEBIAN, change, field, fleet_plan, stacks, values
from vigo.policy.planning.shown import Limits
from vigo.policy.planning.telling import IN_SHORT


def with_text(text: str, mode: str = "0644") -> dict[str, str]:
    return stacks(f"{{name: a, type: file, path: /a, mode: {mode}, source: files/a}}", **{"files/a": text})


@pytest.mark.parametrize(("before", "after"), [("0600", "0600"), ("0644", "0640"), ("0400", "0644")])
def test_content_of_a_file_that_not_all_may_read_is_only_counted(before: str, after: str) -> None:
    one = field(change(with_text("hidden\na\n", before), with_text("hidden\nb\nc\n", after)), "content")
    assert (one.before, one.after, one.diff) == ("(not shown)", "(not shown)", ())
    assert one.note == "not shown, since the file is not readable by all: lines added 2, removed 1"
    assert "hidden" not in str(change(stacks(), with_text("hidden\n", before if before != "0644" else after)))


def test_a_mode_that_is_not_known_here_counts_as_private() -> None:
    unknown = "\"{{ '0600' if file_exists('/x') else '0644' }}\""
    assert field(change(with_text("a", unknown), with_text("b", unknown)), "content").before == "(not shown)"


def test_passwords_are_never_shown() -> None:
    user = "{name: ada, type: user, %s}"
    for name in ("password", "password_hash"):
        before, after = (stacks(user % f'{name}: "{value}"') for value in ("hidden-one", "hidden-two"))
        one = change(before, after)
        assert values(one) == {name: ("(not shown)", "(not shown)")}
        assert "hidden" not in str(msgspec.to_builtins(one))
        assert values(change(stacks(user % "uid: 7"), after))[name] == (None, "(not shown)")


def test_headers_that_are_sent_are_never_shown() -> None:
    check = '{name: up, type: http_check, url: "http://127.0.0.1/", headers: {Authorization: "%s"}}'
    one = change(stacks(check % "hidden-one"), stacks(check % "hidden-two"))
    assert values(one) == {"headers": ("(not shown)", "(not shown)")}
    assert "hidden" not in str(msgspec.to_builtins(one))


def test_a_message_about_a_password_does_not_hold_it() -> None:
    user = '{name: ada, type: user, password_hash: "{{ traits.users.hash }}"}'
    traits = {"users": {"hash": ["hidden"]}}
    before = stacks("{name: ada, type: user, password_hash: x}")
    assert "hidden" not in str(msgspec.to_builtins(change(before, stacks(user), traits)))
    wrong = {"users": {"hash": "hidden:one"}}
    assert "hidden" not in str(msgspec.to_builtins(change(before, stacks(user), wrong)))


def test_a_long_value_is_cut() -> None:
    command = "{name: a, type: exec, shell: %s, creates: /a}"
    one = field(change(stacks(command % ("x" * 1_000)), stacks(command % ("y" * 1_000))), "shell")
    assert one.after == "y" * 200 + " (cut here)"


def test_a_long_difference_is_cut() -> None:
    lines = [f"line {number}" for number in range(500)]
    one = field(change(with_text("\n".join(lines)), with_text("\n".join(line + "!" for line in lines))), "content")
    assert (len(one.diff), one.diff[-1]) == (41, "(cut here)")


def test_a_text_that_is_too_long_to_compare_is_not() -> None:
    for text in ("a\n" * 5_000, f"{'a' * 70_000}\nb\n"):
        one = field(change(with_text(text), with_text(text + "more\n")), "content")
        assert one.diff == ("(not compared: too long, or the answer is full; ask for one host)",)
        assert one.before == f"(text of {text.count(chr(10))} lines)"


def test_an_answer_compares_no_more_than_it_may() -> None:
    bounds = msgspec.structs.replace(IN_SHORT, limits=Limits(diff_lines=40, characters=30))
    many = [f"{{name: f{n}, type: file, path: /f{n}, source: files/%s}}" for n in range(5)]
    files = {"files/a": "a\nb\nc\nd\n", "files/b": "a\nb\nC\nd\n"}
    before, after = (stacks(*(one % name for one in many), **files) for name in "ab")
    (group,) = fleet_plan(before, after, {"web-1": DEBIAN}, bounds=bounds).groups
    assert [one.fields[0].diff[0][:14] for one in group.resources] == ["@@ -1,4 +1,4 @"] + ["(not compared:"] * 4


def test_a_number_that_no_message_can_carry_is_told_and_stops_nothing() -> None:
    huge = '{name: a, type: exec, command: [a], creates: /a, returns: ["{{ traits.os.id * 10000000000 }}"]}'
    one = change(stacks(), stacks(huge), {"os": {"id": 2**62}})
    assert "expected a number of at most 64 bits" in one.problem
    assert msgspec.json.encode(one)
