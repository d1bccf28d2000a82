import pytest

from tests.policy.documents.claimed_stacks import FRAMEWORKS, read, waiver_with, with_claims, with_file, with_waiver
from vigo.policy.diagnostics import MOST_DIAGNOSTICS


def test_a_framework_that_nobody_declares_takes_any_control() -> None:
    assert not with_claims("{cis-debian-12: 9.9.9}").diagnostics
    assert not with_claims("{cis-debian-12: 9.9.9}", compliance="frameworks: {hipaa: {title: HIPAA}}").diagnostics


def test_a_declared_framework_without_controls_takes_any() -> None:
    assert not with_claims("{one: 9.9.9}", compliance="frameworks: {one: {title: One, version: 1.10}}").diagnostics
    stacks, _ = read({"compliance.vgo": "frameworks: {one: {title: One, version: 1.10}}"})
    framework = stacks.compliance.frameworks["one"]
    assert (framework.title, framework.version, framework.controls) == ("One", "1.10", {})


def test_a_control_that_its_framework_does_not_list_is_an_error_with_the_nearest_one() -> None:
    found = with_claims("{cis-debian-12: [5.2.1, 5.2.71]}", compliance=FRAMEWORKS)
    assert found.codes == ["configcrates/ssh.vgo:2:37 error unknown-control"]
    assert found.message == "compliance: cis-debian-12 has no control '5.2.71'; did you mean '5.2.7'?"
    assert found.diagnostics[0].hint == "correct it, or add it to those at compliance.vgo:1"
    # 5.10 and 5.1 are two controls.
    assert "no control '5.1'" in with_claims("{cis-debian-12: 5.1}", compliance=FRAMEWORKS).message
    assert not with_claims("{cis-debian-12: 5.10}", compliance=FRAMEWORKS).diagnostics


def test_a_framework_whose_name_resembles_a_declared_one_is_a_warning_until_it_is_declared() -> None:
    found = with_claims("{cis-debain-12: 5.2.1}", compliance=FRAMEWORKS)
    assert found.codes == ["configcrates/ssh.vgo:2:14 warning unknown-framework"]
    assert found.message.endswith("no framework 'cis-debain-12' is declared; did you mean 'cis-debian-12'?")
    both = "frameworks: {cis-debian-12: {title: CIS 12}, cis-debian-11: {title: CIS 11}}"
    assert not with_claims("{cis-debian-11: 5.2.1}", compliance=both).diagnostics
    capitals = with_claims("{CIS-Debian-12: 5.2.1}", compliance="frameworks: {cis-debian-12: {title: CIS}}")
    assert "did you mean" in capitals.message


def test_a_waiver_of_a_control_that_its_framework_does_not_list_is_an_error() -> None:
    found = with_file(f"{FRAMEWORKS}\n{waiver_with(controls='5.2.8')}")
    assert found.message == "waiver: cis-debian-12 has no control '5.2.8'; did you mean '5.2.7'?"
    assert found.is_refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controls": "5.2.8"}, "waiver: no configcrate claims '5.2.8' of cis-debian-12; did you mean '5.2.7'?"),
        ({"framework": "cis"}, "waiver: no configcrate claims anything of 'cis'"),
        ({"framework": "cis-debain-12"}, "claims anything of 'cis-debain-12'; did you mean 'cis-debian-12'?"),
    ],
)
def test_a_waiver_of_what_nobody_claims_is_a_warning(changes: dict[str, str], message: str) -> None:
    found = with_waiver(**changes)
    assert message in found.message
    assert not found.is_refused


def test_a_waiver_of_a_listed_control_that_nobody_claims_is_none() -> None:
    assert not with_file(f"{FRAMEWORKS}\n{waiver_with(controls='5.10')}").diagnostics


def test_a_waiver_of_a_misspelt_framework_is_told_once() -> None:
    found = with_file(f"{FRAMEWORKS}\n{waiver_with(framework='cis-debain-12')}")
    assert "did you mean 'cis-debian-12'?" in found.message


def test_a_waiver_for_a_host_that_no_entry_covers_is_a_warning() -> None:
    entries = "envoys: [{match: jump-1, configcrates: [ssh]}]"
    text = waiver_with(match="[jump-1, JUMP-1., jump-2, 'jump-*']")
    found = with_claims("{cis-debian-12: 5.2.7}", compliance=text, envoys=entries)
    assert found.message == "match: no entry covers 'jump-2', so nothing is waived for it"
    assert not found.is_refused


def test_what_is_claimed_is_not_judged_while_other_files_have_errors() -> None:
    files = {"configcrates/ssh.vgo": "configcrate: [", "compliance.vgo": waiver_with()}
    assert {one.file for one in read(files).diagnostics} == {"configcrates/ssh.vgo"}


def test_very_many_wrong_names_are_told_in_time() -> None:
    controls = ", ".join(f"{number}.{number % 7}.1: x" for number in range(20_000))
    claims = ", ".join(f"{number}.{number % 7}.2" for number in range(3_000))
    found = with_claims(
        f"{{one: [{claims}]}}", compliance=f"frameworks: {{one: {{title: One, controls: {{{controls}}}}}}}"
    )
    assert len(found.diagnostics) == MOST_DIAGNOSTICS + 1
    assert sum("did you mean" in one.message for one in found.diagnostics) == 15
