from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import compiled, policy_of
from vigo.core.encoding import encode
from vigo.policy.compiling import Compiler, compile_stacks
from vigo.policy.compliance import Compliance, lapsed_waivers, number_by_number
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import read_stacks
from vigo.policy.sources import Sources

FILES = {
    "configcrates/ssh.vgo": "configcrate: ssh\ncompliance: {cis-debian-12: [5.1.22, 5.1.3], pci-dss-4: 2.2.1}\n",
    "configcrates/apt.vgo": "configcrate: apt\ncompliance:\n  cis-debian-12: 5.1.3\n",
    "configcrates/motd.vgo": "configcrate: motd\n",
    "roles.vgo": (
        "roles: {base: {configcrates: [motd], case: [{when: \"os_family('debian')\", configcrates: [apt]}]}}\n"
    ),
    "envoys.vgo": (
        'envoys:\n  - {match: "jump-*", configcrates: [ssh], roles: [base]}\n  - {match: "*", configcrates: [motd]}\n'
    ),
    "compliance.vgo": """
frameworks:
  cis-debian-12: {title: CIS, controls: {5.1.3: Sources are signed, 5.1.22: Root stays out}}
waivers:
  - {framework: cis-debian-12, controls: 5.1.22, match: "jump-*", reason: tool, approved_by: Ada, until: 2027-03-31}
  - {framework: cis-debian-12, controls: 5.1.3, match: jump-1, reason: mirror, approved_by: Ada, until: 2026-12-31}
  - {framework: pci-dss-4, controls: 2.2.1, match: "*", reason: tests, approved_by: Ada, until: 2026-12-31}
""",
}


def sources(files: dict[str, str]) -> Sources:
    return Sources({name: text.encode() for name, text in files.items()})


def compliance_of(files: dict[str, str]) -> Compliance:
    found = sources(files).files
    return Compliance.of(read_stacks(Reading(found, Findings(SourceLines(found)))))


def compliance() -> Compliance:
    return compliance_of(FILES)


def test_the_claims_of_some_configcrates_are_by_framework_and_control_with_who_claims_them() -> None:
    found = compliance().claimed(["apt", "motd", "ssh"])
    assert {
        (framework, control): [(one.configcrate, str(one.origin)) for one in claimants]
        for framework, controls in found.items()
        for control, claimants in controls.items()
    } == {
        ("cis-debian-12", "5.1.3"): [("apt", "configcrates/apt.vgo:3:18"), ("ssh", "configcrates/ssh.vgo:2:38")],
        ("cis-debian-12", "5.1.22"): [("ssh", "configcrates/ssh.vgo:2:30")],
        ("pci-dss-4", "2.2.1"): [("ssh", "configcrates/ssh.vgo:2:57")],
    }
    assert list(found["cis-debian-12"]) == ["5.1.3", "5.1.22"]


def test_the_claims_of_an_entry_are_those_of_its_plan() -> None:
    policy = policy_of(compiled(FILES))
    jump, other = (policy.plan(entry).configcrates for entry in policy.entries)
    assert set(compliance().claimed(jump)) == {"cis-debian-12", "pci-dss-4"}
    # What a role's case gives is among them: whether it applies, the machine tells.
    assert [one.configcrate for one in compliance().claimed(jump)["cis-debian-12"]["5.1.3"]] == ["apt", "ssh"]
    assert compliance().claimed(other) == {}


def test_a_configcrate_that_is_not_there_claims_nothing() -> None:
    assert compliance().claimed(["gone"]) == {}
    assert compliance_of({}) == Compliance({}, {}, ())


def test_the_waivers_of_a_host_stand_in_their_order_with_lapsed_ones() -> None:
    assert [one.reason for one in compliance().waivers_for("JUMP-1.")] == ["tool", "mirror", "tests"]
    assert [one.reason for one in compliance().waivers_for("web-1")] == ["tests"]


def test_a_control_has_its_declared_title() -> None:
    assert compliance().title("cis-debian-12", "5.1.22") == "Root stays out"
    assert compliance().title("cis-debian-12", "9.9") == compliance().title("pci-dss-4", "2.2.1") == ""


def test_what_is_claimed_and_waived_changes_no_plan() -> None:
    without = FILES | {
        "configcrates/ssh.vgo": "configcrate: ssh\n",
        "configcrates/apt.vgo": "configcrate: apt\n",
        "compliance.vgo": "",
    }
    one, other = (policy_of(compiled(files)) for files in (FILES, without))
    for mine, theirs in zip(one.entries, other.entries, strict=True):
        assert encode(one.plan(mine)) == encode(other.plan(theirs))


def test_a_claim_is_held_against_what_is_declared_at_the_time() -> None:
    compiler = Compiler()
    without = (
        FILES["compliance.vgo"]
        .replace("5.1.22: Root stays out", "5.1.2: Other")
        .replace("5.1.22, match", "5.1.2, match")
    )
    for text in (FILES["compliance.vgo"], without, "", FILES["compliance.vgo"]):
        now = sources(FILES | {"compliance.vgo": text})
        assert compiler.compile(now).diagnostics == compile_stacks(now).diagnostics
    assert [one.code for one in compile_stacks(sources(FILES | {"compliance.vgo": without})).diagnostics] == [
        "unknown-control"
    ]


def test_waivers_whose_last_day_is_over_are_warnings() -> None:
    assert lapsed_waivers(sources(FILES), date(2026, 12, 31)) == ()
    found = lapsed_waivers(sources(FILES), date(2027, 1, 1))
    assert [(one.severity, one.code, one.line) for one in found] == [("warning", "lapsed", 6), ("warning", "lapsed", 7)]
    assert found[0].message == "until: this waiver has lapsed: 2026-12-31 was its last day, so it waives nothing"
    assert found[0].source_line is not None
    assert found[0].source_line[found[0].column - 1 :] == "2026-12-31}"
    assert len(lapsed_waivers(sources(FILES), date(2027, 4, 1))) == 3


def test_what_has_lapsed_is_told_of_what_can_be_read() -> None:
    text = FILES["compliance.vgo"] + "  - {framework: x}\n"
    broken = FILES | {"compliance.vgo": text, "roles.vgo": "roles: ["}
    assert len(lapsed_waivers(sources(broken), date(2027, 4, 1))) == 3
    assert lapsed_waivers(sources({"compliance.vgo": "waivers: ["}), date(2027, 4, 1)) == ()
    assert lapsed_waivers(Sources({}), date(2027, 4, 1)) == ()


def test_controls_stand_in_the_order_in_which_people_count() -> None:
    ordered = ["2", "2.9", "2.10", "10.1", "A.8.9", "A.8.10", "AC-2", "AC-2(1)", "AC-2(10)"]
    backwards = ordered[::-1]
    assert sorted(backwards, key=number_by_number) == ordered


@given(st.lists(st.text(alphabet="019aB.-()", max_size=8), max_size=8))
def test_any_names_have_one_order(names: list[str]) -> None:
    once = sorted(set(names))
    backwards = once[::-1]
    assert sorted(once, key=number_by_number) == sorted(backwards, key=number_by_number)
