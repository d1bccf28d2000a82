import pytest

from tests.policy.editing.stacks import CRATE, FILES, WEB, known, led_to, told
from vigo.policy.editing.known import Reader
from vigo.policy.sources import Sources
from vigo.policy.study import study


def test_a_key_is_told_by_the_schema() -> None:
    assert told("res¦ources: []") == (
        "`resources`\n\nWhat shall be on the machine, in this order where nothing else orders it."
    )
    assert told("envoys: [{mat¦ch: a}]", "envoys.vgo").startswith("`match`\n\nHostnames, globs")
    assert told("tests: [{traits: {os: {fam¦ily: debian}}}]", "tests/a.vgo").startswith("`family`\n\ndebian, redhat")
    assert told("resources: [{name: a, on_f¦ailure: stop}]").endswith("Default: `continue`")


def test_a_field_is_told_with_type_example_and_default() -> None:
    assert told("resources: [{name: a, type: file, mo¦de: 0644}]") == (
        "`mode` of file: text\n\nPermission bits, octal.\n\nExample: `0644`"
    )
    assert "Default: `present`" in told("resources: [{name: a, type: file, st¦ate: absent}]")
    assert "Default: the resource's name" in told("resources: [{name: a, type: package, pack¦age: b}]")


def test_a_key_that_nobody_knows_is_not_told() -> None:
    assert told("reso¦rces: []") == ""
    assert told("files¦: []", "files/x.vgo") == ""


def test_a_kind_is_told() -> None:
    found = told("resources: [{name: a, type: fi¦le}]")
    assert found.startswith("`file`: a kind of resource\n\nA regular file")
    assert found.endswith("Required: `path`")


def test_a_variable_is_told_with_every_value_the_strongest_first() -> None:
    expected = (
        "`vars.port`\n\nSet by, the strongest first:\n\n"
        "- `443` environment production (environments.vgo:2)\n"
        "- `80` role webserver (roles.vgo:3)\n"
        "- `8080` configcrate web (configcrates/web.vgo:3)\n\n"
        "Which of these a machine has: `vigocli config trace HOST port`"
    )
    assert told('resources: [{name: a, path: "{{ vars.po¦rt }}"}]') == expected
    assert told("{{ vars.po¦rt }}", "templates/site.conf") == expected
    assert told(WEB.replace("port: 8080", "po¦rt: 8080")) == expected
    assert told('resources: [{name: a, path: "{{ vars.tls.da¦ys }}"}]').startswith("`vars.tls.days`")
    assert told('resources: [{name: a, path: "{{ vars.t¦ls.days }}"}]').startswith("`vars.tls`")
    assert told('resources: [{name: a, path: "{{ vars.nothing¦ }}"}]') == "`vars.nothing`\n\nNothing sets it."


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("{{ traits.os.fam¦ily }}", "`traits.os.family`: text\n\ndebian, redhat"),
        ("{{ traits.o¦s.family }}", "`traits.os`: set of traits"),
        ("{{ traits.network.interfaces.eth0.mt¦u_bytes }}", "`traits.network.interfaces.eth0.mtu_bytes`: whole number"),
        ("{{ traits.os.colour¦ }}", "`traits.os.colour`: no trait that this version knows"),
        ("{% if os_fam¦ily('debian') %}", "`os_family(name)`\n\nTrue where"),
        ("{{ vars.port | def¦ault(1) }}", "`default`: Another value"),
        ("{{ vars.port is def¦ined }}", "`defined`: It has a value."),
        ("{{ it¦em }}", "`item`: the item"),
        ("{{ va¦rs.port }}", ""),
        ("{{ 'os_fam¦ily' }}", ""),
        ("os_fam¦ily", ""),
    ],
)
def test_a_word_of_an_expression_is_told(text: str, beginning: str) -> None:
    found = told(text, "templates/site.conf")
    assert found.startswith(beginning)
    assert bool(found) is bool(beginning)


def test_a_name_is_told_with_its_place_and_who_uses_it() -> None:
    role = "`webserver`: role, gives web\n\nDeclared at roles.vgo:3\n\nUsed:\n\n- given by the entry * (envoys.vgo:2)"
    assert told("envoys: [{roles: [webs¦erver]}]", "envoys.vgo") == role
    assert told("roles: {webs¦erver: {}}", "roles.vgo") == role
    assert told("configcrate: we¦b").startswith("`web`: configcrate, 3 resources\n\nDeclared at configcrates/web.vgo:1")
    used = "Used:\n\n- subscribes of web/reload (configcrates/web.vgo:13)"
    assert told(WEB.replace("subscribes: [conf]", "subscribes: [co¦nf]")).endswith(used)
    assert told(WEB.replace("name: conf", "name: co¦nf")).endswith(used)
    assert told("resources: [{name: a, depends_on: [db/p¦g]}]").endswith("Nothing else names it.")
    assert told("envoys: [{roles: [nob¦ody]}]", "envoys.vgo") == "`nobody`: no role of this name"
    assert told("compliance: {cis: ['5.¦1']}").startswith("`5.1`: control, Keep it shut")


def test_while_the_stacks_have_errors_uses_are_those_of_before() -> None:
    reader = Reader()
    whole = Sources({name: text.encode() for name, text in FILES.items()})
    broken = Sources({**whole.files, "envoys.vgo": b"envoys: [{match"})
    before = reader.read(broken, None)
    assert told("configcrate: we¦b", stacks=before).endswith("Who uses it is known once the stacks have no errors.")
    reader.read(whole, study(whole).study)
    assert "Used before the errors that the stacks have:" in told("configcrate: we¦b", stacks=reader.read(broken, None))


@pytest.mark.parametrize(
    ("file", "text", "places"),
    [
        ("roles.vgo", "roles: {a: {configcrates: [we¦b]}}", ["configcrates/web.vgo:1:14"]),
        ("envoys.vgo", "envoys: [{environment: produ¦ction}]", ["environments.vgo:2:3"]),
        ("envoys.vgo", "envoys: [{roles: webser¦ver}]", ["roles.vgo:3:3"]),
        (CRATE, "resources: [{depends_on: [ngi¦nx]}]", ["configcrates/web.vgo:7:12"]),
        (CRATE, "resources: [{depends_on: [web/ngi¦nx]}]", ["configcrates/web.vgo:7:12"]),
        ("configcrates/data/db.vgo", "resources: [{depends_on: [web/ngi¦nx]}]", ["configcrates/web.vgo:7:12"]),
        ("configcrates/data/db.vgo", "resources: [{depends_on: [ngi¦nx]}]", []),
        ("tests/a.vgo", "tests: [{expect: {resources: {web/co¦nf: {}}}}]", ["configcrates/web.vgo:8:11"]),
        (CRATE, "resources: [{type: file, source: templates/si¦te.conf}]", ["templates/site.conf:1:1"]),
        (CRATE, "resources: [{type: file, source: templates/no¦thing}]", []),
        (CRATE, "vars_from: [data/si¦tes.yaml]", ["data/sites.yaml:1:1"]),
        ("templates/site.conf", "{{ vars.po¦rt }}",
         ["environments.vgo:2:35", "roles.vgo:3:61", "configcrates/web.vgo:3:3"]),
        (CRATE, "compliance: {cis: ['5.¦1']}", ["compliance.vgo:2:32"]),
        (CRATE, "resources: [{name: a, ty¦pe: file}]", []),
    ],
)  # fmt: skip
def test_a_name_leads_to_its_declaration(file: str, text: str, places: list[str]) -> None:
    assert led_to(text, file) == places


def test_what_the_stacks_call_things_cannot_become_a_link() -> None:
    evil = "[x](command:evil)"
    stacks = known({"envoys.vgo": "envoys: []", "roles.vgo": f"roles: {{'{evil}': {{includes: ['{evil}']}}}}\n"})
    found = told(f"roles: {{'{evil[:3]}¦{evil[3:]}': {{}}}}", "roles.vgo", stacks)
    assert found.startswith(f"`{evil}`: role")
