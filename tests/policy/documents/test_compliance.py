import re
from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.docs.pages import section
from tests.policy.documents.claimed_stacks import (
    ENTRIES,
    FRAMEWORKS,
    Found,
    claims,
    read,
    waiver_with,
    waivers,
    with_claims,
    with_file,
    with_waiver,
)
from vigo.policy.diagnostics import LINE_BREAK
from vigo.policy.documents.compliance import FRAMEWORK_KEYS, WAIVER_KEYS


def test_a_claim_is_a_framework_and_a_control_with_their_places() -> None:
    found = claims("{cis-debian-12: [5.2.1, 5.2.7], pci-dss-4: 2.2.1}")
    assert [(one.framework.text, one.control.text, str(one.control.origin)) for one in found] == [
        ("cis-debian-12", "5.2.1", "configcrates/ssh.vgo:2:30"),
        ("cis-debian-12", "5.2.7", "configcrates/ssh.vgo:2:37"),
        ("pci-dss-4", "2.2.1", "configcrates/ssh.vgo:2:56"),
    ]
    assert {str(one.framework.origin) for one in found[:2]} == {"configcrates/ssh.vgo:2:14"}


@pytest.mark.parametrize(
    "control", ["5.10", "5", "1e3", "0644", "2026-03-01", "no", "AC-2(1)", "164.312(a)(1)", "A.8.9"]
)
def test_a_control_is_the_text_that_was_written(control: str) -> None:
    assert [one.control.text for one in claims(f"{{one: {control}}}")] == [control]
    assert [one.control.text for one in claims(f"{{one: ['{control}']}}")] == [control]


@pytest.mark.parametrize("written", ["", "{}", "~"])
def test_a_configcrate_may_claim_nothing(written: str) -> None:
    assert claims(written) == ()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[5.2.1]", "compliance: expected a map of frameworks to their controls, found a list"),
        ("cis-debian-12", "compliance: expected a map of frameworks to their controls, found 'cis-debian-12'"),
        ("{CIS Debian: 5.2.1}", "compliance: expected a framework such as cis-debian-12, found 'CIS Debian'"),
        ("{cis: []}", "compliance: cis: expected at least one control, found none"),
        ("{cis: }", "compliance: cis: expected at least one control, found none"),
        ("{cis: {5.2.1: Keys}}", "compliance: cis: expected a control or a list of them, found a map"),
        ("{cis: [[5.2.1]]}", "compliance: cis: expected a text, found a list"),
        ("{cis: [5.2.1, ]}", None),
        ("{cis: [5.2.1, '']}", "compliance: cis: expected a text, found ''"),
        ("{cis: ''}", "compliance: cis: expected a control such as 5.2.1 or AC-2(1), found ''"),
        ('{cis: "5.2.1, 5.2.7"}', "expected a control such as 5.2.1 or AC-2(1), found '5.2.1, 5.2.7'"),
        ('{cis: "{{ vars.a }}"}', "expected a control such as 5.2.1 or AC-2(1), found '{{ vars.a }}'"),
        (
            "{cis: [5.2.1, 5.2.7, '5.2.1']}",
            "cis: expected each control once, found '5.2.1' again; it stands at configcrates/ssh.vgo:2:20 too",
        ),
        ("{cis: [&a 5.2.1, *a]}", "expected each control once, found '5.2.1' again"),
        ("{cis: 5.2.1, cis: 5.2.7}", "expected each key once, found 'cis' again"),
    ],
)
def test_what_no_claim_is_is_refused(written: str, message: str | None) -> None:
    found = with_claims(written)
    if message is None:
        assert not found.is_refused
    else:
        assert message in found.message
        assert found.is_refused


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[]", "compliance.vgo: expected a map of `name: value`, found a list"),
        ("framework: {}", "compliance.vgo: no key has the name 'framework'; did you mean 'frameworks'?"),
        ("envoys: []", "compliance.vgo: no key has the name 'envoys'"),
        ("frameworks: []", "frameworks: expected a map of `name: value`, found a list"),
        ("frameworks: {one: }", "framework one: expected `title`, its name for people, found none"),
        ("frameworks: {one: {}}", "framework one: expected `title`, its name for people, found none"),
        ("frameworks: {one: One}", "framework one: expected a map of `name: value`, found 'One'"),
        ("frameworks: {one: {title: }}", "framework one: title: expected a text, found nothing"),
        ("frameworks: {one: {title: a, control: {}}}", "no key has the name 'control'; did you mean 'controls'?"),
        ("frameworks: {a b: {title: a}}", "frameworks: expected a framework such as cis-debian-12, found 'a b'"),
        (
            "frameworks: {a: {title: a, controls: {}}}",
            "controls: expected a map of controls to their titles, found none",
        ),
        ("frameworks: {a: {title: a, controls: }}", "controls: expected a map of controls to their titles, found none"),
        (
            "frameworks: {a: {title: a, controls: [5]}}",
            "controls: expected a map of controls to their titles, found a list",
        ),
        ("frameworks: {a: {title: a, controls: {5 1: x}}}", "controls: expected a control such as 5.2.1"),
        ("frameworks: {a: {title: a, controls: {5.1: }}}", "the title of 5.1: expected a text, found nothing"),
        ("waivers: {}", "waivers: expected a list of waivers, found a map"),
        (
            "waivers: [x]",
            "waivers: expected a map with framework, controls, match, reason, approved_by, until, found 'x'",
        ),
    ],
)
def test_what_a_file_may_not_hold_is_refused(written: str, message: str) -> None:
    found = with_file(written)
    assert message in found.message
    assert found.is_refused


@pytest.mark.parametrize("written", ["", "frameworks:", "waivers:", "frameworks: {}", "waivers: []", "# none yet"])
def test_what_is_empty_is_no_error(written: str) -> None:
    assert not with_file(written).diagnostics


@pytest.mark.parametrize(
    ("file", "key"), [("prod/compliance.vgo", "frameworks"), ("waivers.vgo", "waivers"), ("envoys.vgo", "waivers")]
)
def test_it_stands_in_the_root_alone(file: str, key: str) -> None:
    found = read({file: f"{key}: \n"})
    assert found.message == f"expected `envoys:` in this file, found `{key}:`"
    assert found.diagnostics[0].hint == f"{key} belong into compliance.vgo in the root"


def test_a_waiver_has_everything_that_it_says() -> None:
    text = """
waivers:
  - framework: cis-debian-12
    controls: [5.2.7, 5.10]
    match: ["jump-*", "~^old[0-9]$"]
    reason: The tool signs in as root.
    approved_by: Ada Lovelace
    until: 2027-03-31
    ticket: SEC-41
"""
    (found,) = waivers(text)
    assert found.framework.text == "cis-debian-12"
    assert [one.text for one in found.controls] == ["5.2.7", "5.10"]
    assert (found.reason, found.approved_by) == ("The tool signs in as root.", "Ada Lovelace")
    assert (found.until, found.ticket, str(found.origin)) == (date(2027, 3, 31), "SEC-41", "compliance.vgo:3:5")
    assert str(found.until_origin) == "compliance.vgo:8:12"


def test_a_waiver_covers_the_hosts_that_its_patterns_match() -> None:
    (found,) = waivers(waiver_with(match="[JUMP-*, '~^old[0-9]$']"))
    names = ["jump-1", "Jump-1.", "old1", "old12", "web-1", "x-jump-1"]
    assert [name for name in names if found.covers(name)] == ["jump-1", "Jump-1.", "old1"]


def test_a_waiver_holds_through_its_last_day() -> None:
    (found,) = waivers(waiver_with())
    days = (date(2027, 3, 30), date(2027, 3, 31), date(2027, 4, 1))
    assert [found.holds_on(day) for day in days] == [True, True, False]


@pytest.mark.parametrize("until", ["2027-03-31", "'2027-03-31'", "2028-02-29"])
def test_a_day_may_be_quoted_or_not(until: str) -> None:
    assert not with_waiver(until=until).diagnostics


@pytest.mark.parametrize("key", [key for key in WAIVER_KEYS if key != "ticket"])
def test_a_waiver_without_one_of_its_keys_is_refused_and_says_what_the_key_is_for(key: str) -> None:
    found = with_waiver(**{key: None})
    assert re.match(f"waiver: expected `{key}`, .{{8,}}, found none", found.message)
    assert found.diagnostics[0].hint
    assert found.is_refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"framework": "CIS 12"}, "framework: expected a framework such as cis-debian-12, found 'CIS 12'"),
        ({"framework": "[cis-debian-12]"}, "framework: expected the framework of the controls, found a list"),
        ({"controls": "[]"}, "controls: expected at least one control, found none"),
        ({"controls": ""}, "controls: expected at least one control, found none"),
        ({"controls": "[5.2.7, 5.2.7]"}, "controls: expected each control once, found '5.2.7' again"),
        ({"controls": "5.2.1 5.2.7"}, "controls: expected a control such as 5.2.1 or AC-2(1)"),
        ({"match": "[]"}, "match: expected hostnames or patterns, found none"),
        ({"match": "''"}, "match: expected a hostname, a glob such as 'web-*'"),
        ({"match": "'~('"}, "match: expected a regular expression after '~', found '~('"),
        ({"match": "'~[[a]'"}, "match: expected a set of characters without `[`"),
        ({"match": "[a-*, a-*]"}, "match: expected each pattern once, found 'a-*' again"),
        ({"match": "{a: b}"}, "match: expected a list of names, found a map"),
        ({"reason": "''"}, "reason: expected why that is accepted, found ''"),
        ({"reason": "' '"}, "reason: expected why that is accepted, found ' '"),
        ({"reason": ""}, "reason: expected why that is accepted, found nothing"),
        ({"approved_by": "~"}, "approved_by: expected who accepted it, found nothing"),
        ({"approved_by": "[Ada]"}, "approved_by: expected who accepted it, found a list"),
        ({"until": ""}, "until: expected the last day on which it holds, found nothing"),
        ({"until": "31.12.2026"}, "until: expected a day such as 2027-03-31, found '31.12.2026'"),
        ({"until": "20270331"}, "until: expected a day such as 2027-03-31, found '20270331'"),
        ({"until": "2027-W13-3"}, "until: expected a day such as 2027-03-31, found '2027-W13-3'"),
        ({"until": "2027-03-31T00:00:00"}, "until: expected a day such as 2027-03-31"),
        ({"until": "٢٠٢٧-03-31"}, "until: expected a day such as 2027-03-31"),
        ({"until": "2027-02-29"}, "until: expected a day of the calendar, found '2027-02-29'"),
        ({"until": "0000-01-01"}, "until: expected a day of the calendar, found '0000-01-01'"),
        ({"ticket": ""}, "ticket: expected a text, found nothing"),
        ({"owner": "x"}, "waiver: no key has the name 'owner'"),
    ],
)
def test_what_a_waiver_may_not_say_is_refused(changes: dict[str, str], message: str) -> None:
    found = with_waiver(**changes)
    assert message in found.message
    assert found.is_refused


def test_the_page_names_every_key() -> None:
    for title, keys in (("Frameworks", FRAMEWORK_KEYS), ("Waivers", WAIVER_KEYS)):
        assert [row[0].strip("`") for row in section("compliance.md", title).rows] == list(keys)


WORDS = st.sampled_from(
    [
        *("cis-debian-12", "cis", "5.2.1", "5.10", "AC-2(1)", "a b", "''", "~", '"*"', "jump-*", '"~("', "2027-03-31"),
        *(
            "2027-02-30",
            "text",
            "{}",
            "[]",
            "[5.2.1, 5.2.1]",
            "*x",
            "&x y",
            "9" * 30,
            '"{{ vars.a }}"',
            "ssh",
            "\u00e9",
        ),
    ]
)
KEYS = st.sampled_from(["frameworks", "waivers", "title", "version", "compliance", *WAIVER_KEYS, "cis", "5.2.1", "a b"])


def _structured(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return WORDS
    inner = _structured(depth - 1)
    maps = st.dictionaries(KEYS, inner, max_size=6).map(
        lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
    )
    return st.one_of(WORDS, maps, st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_structured(3), st.dictionaries(st.sampled_from(["frameworks", "waivers"]), _structured(3), max_size=2))
def test_any_structure_is_read_or_has_diagnostics_with_a_place_in_it(crate: str, document: dict[str, str]) -> None:
    files = {
        "configcrates/ssh.vgo": f"configcrate: ssh\ncompliance: {crate}\n",
        "compliance.vgo": "".join(f"{key}: {value}\n" for key, value in document.items()),
        "envoys.vgo": ENTRIES,
    }
    _check(read(files), files)


GOOD = f"{FRAMEWORKS}\n{waiver_with(ticket='SEC-41')}\n"
PIECES = re.split(r"(\s+|[\[\]{},:])", GOOD)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(PIECES) - 1), st.one_of(WORDS, st.text(max_size=3))), min_size=1, max_size=3)
)
def test_a_good_file_with_any_words_changed_is_read_or_has_diagnostics(changes: list[tuple[int, str]]) -> None:
    pieces = list(PIECES)
    for place, word in changes:
        pieces[place] = word
    text = "".join(pieces)
    found = with_file(text)
    _check(found, {"compliance.vgo": text})


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_has_diagnostics(text: str) -> None:
    read({"compliance.vgo": text, "configcrates/ssh.vgo": f"configcrate: ssh\ncompliance: {text}"})


def _check(found: Found, files: Mapping[str, str]) -> None:
    """Whatever was found stands in a file; whatever was taken is whole."""
    for one in found.diagnostics:
        # Where YAML itself breaks off, its own tests look.
        if one.file in files and one.code != "syntax":
            lines = LINE_BREAK.split(files[one.file])
            assert 1 <= one.line <= len(lines)
            assert 1 <= one.column <= len(lines[one.line - 1]) + 1
    for waiver in found.stacks.compliance.waivers:
        assert waiver.controls
        assert waiver.match
        assert waiver.reason.strip()
        assert waiver.covers("jump-1") in (True, False)
