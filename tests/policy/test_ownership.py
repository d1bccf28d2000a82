import pytest

from tests.policy.conftest import codes, compiled, only_message, policy_of, resources


def two(first: str, second: str) -> list[str]:
    return codes(resources(f"- {{name: a, {first}}}\n- {{name: b, {second}}}\n"))


def test_two_that_manage_the_same_thing_are_an_error_that_shows_both_places() -> None:
    found = resources("- {name: a, type: file, path: /x}\n- {name: b, type: directory, path: /x}\n")
    message = only_message(found)
    assert message.startswith(
        "path /x: web/b and web/a both manage it; the other one stands at configcrates/web.vgo:3:5"
    )
    assert codes(found) == ["configcrates/web.vgo:4:5 error conflict"]


def test_two_configcrates_of_one_entry_conflict_and_of_two_entries_do_not() -> None:
    files = {
        f"configcrates/{name}.vgo": f"configcrate: {name}\nresources: [{{name: r, type: package, package: curl}}]\n"
        for name in "ab"
    }
    assert not compiled(
        files | {"envoys.vgo": "envoys: [{match: x, configcrates: a}, {match: y, configcrates: b}]"}
    ).diagnostics
    message = only_message(compiled(files | {"envoys.vgo": "envoys: [{match: x, configcrates: [a, b]}]"}))
    assert message.startswith("package curl: b/r and a/r both manage it")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("type: file, path: /x", "type: file_line, path: /x, line: y", []),
        ("type: file, path: /x", 'type: file, path: "{{ traits.os.id }}"', []),
        ("type: service, service: x", "type: service, service: x, state: restarted, when: changed", []),
        ("type: file, path: /x, when: os_id('a')", "type: file, path: /x, when: os_id('b')", []),
        ("type: file, path: /x, when: os_id('a')", "type: file, path: /x, when: os_id('a')", ["error conflict"]),
        ("type: file, path: /x, when: os_id('a')", "type: file, path: /x", ["warning conflict"]),
        ("type: package, package: [a, b]", "type: package, package: [c, a]", ["error conflict"]),
        ('type: file, path: "/{{ 1 }}"', "type: file, path: /1", ["error conflict"]),
    ],
)
def test_what_counts_as_the_same(first: str, second: str, found: list[str]) -> None:
    assert [code.partition(" ")[2] for code in two(first, second)] == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("type: service, state: restarted", "error unguarded"),
        ("type: service, state: reloaded", "error unguarded"),
        ("type: service, state: \"{{ 'restarted' }}\"", "error unguarded"),
        ("type: service, state: restarted, when: changed", ""),
        ("type: service, state: restarted, subscribes: [z]", ""),
        ("type: service", ""),
        ("type: exec, command: [x]", "warning unguarded"),
        ("type: exec, command: [x], creates: /x", ""),
        ("type: exec, command: [x], subscribes: [z]", ""),
        ('type: exec, command: ["{{ traits.os.id }}"]', "warning unguarded"),
        ('type: exec, command: [x], unless: "{{ traits.os.id }}"', ""),
        ("type: file, path: /x, immediately: true", "warning idle-option"),
    ],
)
def test_what_acts_in_every_pass_needs_a_reason_to(given: str, found: str) -> None:
    result = resources(f"- {{name: z, type: file, path: /z}}\n- {{name: a, {given}}}\n")
    assert [code.partition(" ")[2] for code in codes(result)] == ([found] if found else [])
    if not found.startswith("error"):
        policy_of(result)


def test_a_name_is_given_once_in_a_configcrate() -> None:
    found = resources("- {name: a, type: file, path: /x}\n- {name: a, type: file, path: /y}\n")
    assert (
        only_message(found)
        == "name: expected each name once, found 'a' again; it stands at configcrates/web.vgo:3:5 too"
    )


def test_names_that_templates_make_equal_are_found_too() -> None:
    found = resources('- {name: a1, type: file, path: /x}\n- {name: "a{{ 1 }}", type: file, path: /y}\n')
    assert "found 'a1' again" in only_message(found)
