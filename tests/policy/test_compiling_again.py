"""A compiler that compiles again finds and yields what a fresh one would, whatever changed meanwhile."""

from collections.abc import Iterator, Mapping

import pytest

from tests.policy.conftest import policy_of
from vigo.core.encoding import encode
from vigo.policy import effort
from vigo.policy.compiling import Compiled, Compiler, compile_stacks
from vigo.policy.diagnostics import as_text
from vigo.policy.sources import Sources

Files = Mapping[str, str]

WEB = """\
configcrate: web
vars_from: [data/ports.yaml]
vars: {name: web, users: {a: {uid: 1}, b: {uid: 2}}}
resources:
  - {name: conf, type: file, path: "/etc/{{ vars.name }}", source: templates/conf}
  - {name: page, type: file, path: /page, source: "templates/{{ vars.name }}", depends_on: [conf]}
  - {name: "u-{{ key }}", type: user, user: "{{ key }}", uid: "{{ item.uid }}", foreach: "{{ vars.users }}"}
  - {name: here, type: file, path: /here, content: "{{ traits.os.id }} {{ vars.port }}", when: "vars.port > 1"}
"""
BASE = """\
configcrate: base
vars_from: [data/ports.yaml]
resources:
  - {name: motd, type: file, path: /etc/motd, content: "{{ vars.greeting }} on {{ vars.port }}"}
"""
STACKS: Files = {
    "configcrates/web.vgo": WEB,
    "configcrates/base.vgo": BASE,
    "configcrates/idle.vgo": 'configcrate: idle\nresources: [{name: x, type: exec, command: ["true"]}]\n',
    "data/ports.yaml": "port: 80\n",
    "templates/conf": "port {{ vars.port }}\n",
    "templates/web": "page of {{ vars.name }}\n",
    "templates/shop": "page of a shop\n",
    "roles.vgo": "roles: {r: {configcrates: [base], case: [{when: \"os_family('debian')\", configcrates: [web]}]}}\n",
    "common.vgo": "vars: {greeting: hello}\n",
    "environments.vgo": "environments: {test: {vars: {port: 8080}}}\n",
    "envoys.vgo": (
        "envoys:\n"
        "  - {match: a, roles: [r]}\n"
        "  - {match: b, roles: [r], environment: test}\n"
        "  - {match: c, configcrates: [web], vars: {name: shop}}\n"
    ),
    "tests/a.vgo": "tests: [{name: it is there, host: a, expect: {resources: {base/motd: {path: /etc/motd}}}}]\n",
}
CHANGES: Mapping[str, Files] = {
    "nothing": {},
    "a comment above": {"configcrates/web.vgo": "# more\n" + WEB},
    "a resource's name": {"configcrates/web.vgo": WEB.replace("name: here", "name: there")},
    "a name that another refers to": {"configcrates/web.vgo": WEB.replace("name: conf", "name: konf")},
    "a default": {"configcrates/web.vgo": WEB.replace("name: web,", "name: shop,")},
    "the item of a loop": {"configcrates/web.vgo": WEB.replace("uid: 2", "uid: 3")},
    "two equal items": {
        "configcrates/web.vgo": WEB.replace("u-{{ key }}", "u-{{ item.uid }}").replace("uid: 2", "uid: 1")
    },
    "a loop that is none": {"configcrates/web.vgo": WEB.replace("{{ vars.users }}", "{{ vars.name }}")},
    "a data file": {"data/ports.yaml": "port: 81\n"},
    "a data file that lacks a variable": {"data/ports.yaml": "prot: 81\n"},
    "a data file with a key twice": {"data/ports.yaml": "port: 81\nport: 82\n"},
    "a data file that cannot be read": {"data/ports.yaml": "port: [\n"},
    "a template": {"templates/conf": "listen {{ vars.port }}\n"},
    "a template with an error": {"templates/conf": "listen {{ vars.prot }}\n"},
    "a template that a variable names": {"templates/web": "another page\n"},
    "a variable of the root": {"common.vgo": "vars: {greeting: good evening}\n"},
    "a variable of another name": {"common.vgo": "vars: {greetings: hello}\n"},
    "an environment": {"environments.vgo": "environments: {test: {vars: {port: 1}, exclude: [web]}}\n"},
    "a role's condition": {"roles.vgo": STACKS["roles.vgo"].replace("debian", "redhat")},
    "an entry": {"envoys.vgo": STACKS["envoys.vgo"].replace("match: b", "match: a")},
    "a test": {"tests/a.vgo": STACKS["tests/a.vgo"].replace("motd:", "modt:")},
    "another owner": {"configcrates/base.vgo": BASE.replace("/etc/motd", "/page")},
    "a file of another kind": {"configcrates/base.vgo": "envoys: []\n"},
}


def compiled_by(compiler: Compiler, files: Files) -> Compiled:
    return compiler.compile(Sources({name: text.encode() for name, text in files.items()}))


def outcome(found: Compiled) -> tuple[str, list[bytes]]:
    plans = [] if found.policy is None else [encode(found.policy.plan(entry)) for entry in found.policy.entries]
    return as_text(found.diagnostics), plans


def test_the_stacks_of_these_tests_are_right() -> None:
    assert policy_of(compiled_by(Compiler(), STACKS)).entries


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_and_so_is_going_back(change: str) -> None:
    changed = {**STACKS, **CHANGES[change]}
    fresh, fresh_changed = outcome(compiled_by(Compiler(), STACKS)), outcome(compiled_by(Compiler(), changed))
    assert (fresh == fresh_changed) == (change == "nothing")
    compiler = Compiler()
    for files, expected in ((STACKS, fresh), (changed, fresh_changed), (changed, fresh_changed), (STACKS, fresh)):
        assert outcome(compiled_by(compiler, files)) == expected


@pytest.mark.parametrize("file", STACKS)
def test_a_file_that_goes_and_comes_back_is_seen(file: str) -> None:
    without = {name: text for name, text in STACKS.items() if name != file}
    compiler = Compiler()
    for files in (STACKS, without, STACKS, without):
        assert outcome(compiled_by(compiler, files)) == outcome(compiled_by(Compiler(), files))


def test_a_fault_in_a_shared_data_file_is_told_though_its_first_reader_is_gone() -> None:
    compiler = Compiler()
    broken = {**STACKS, "data/ports.yaml": "port: 80\nport: 81\n"}
    assert compiled_by(compiler, broken).policy is None
    without = {name: text for name, text in broken.items() if name != "configcrates/base.vgo"}
    assert outcome(compiled_by(compiler, without)) == outcome(compiled_by(Compiler(), without))


ALONE = """\
configcrate: web
depends_on: [other]
resources: [{name: a, type: file, path: /a, depends_on: [other/x]}]
"""
OTHER = "configcrate: other\nresources: [{name: x, type: file, path: /x}]\n"
NOBODY_GETS_OTHER = {"configcrates/web.vgo": ALONE, "envoys.vgo": 'envoys: [{match: "*", configcrates: [web]}]\n'}


@pytest.mark.parametrize("broken", ["configcrate: [\n", "configcrate: oter\nresources: []\n", "resources: [\n"])
def test_what_another_fault_hid_is_told_once_that_is_mended(broken: str) -> None:
    compiler = Compiler()
    for other in (broken, OTHER, broken, OTHER):
        files = {**NOBODY_GETS_OTHER, "configcrates/other.vgo": other}
        found = compiled_by(compiler, files)
        assert found.policy is None
        assert outcome(found) == outcome(compiled_by(Compiler(), files))


def each_change_after_the_other() -> Iterator[Files]:
    for change in CHANGES.values():
        yield {**STACKS, **change}


def test_many_changes_one_after_the_other_are_seen() -> None:
    compiler = Compiler()
    for files in each_change_after_the_other():
        assert outcome(compiled_by(compiler, files)) == outcome(compiled_by(Compiler(), files))


def test_what_is_not_used_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.policy.cache._MOST_KEPT", 1)
    compiler = Compiler()
    sizes = []
    for turn in range(40):
        compiled_by(compiler, {**STACKS, "data/ports.yaml": f"port: {turn + 80}\n"})
        sizes.append(len(compiler._cache._kept))
    assert max(sizes[20:]) <= max(sizes[:20])


GREEDY = """\
configcrate: web
vars: {many: [COUNT]}
resources:
  - name: "n{{ item }}"
    type: file
    path: "/n{{ item }}"
    content: "{% for i in range(90000) %}{% endfor %}{{ item }}"
    foreach: "{{ vars.many }}"
"""


def test_templates_that_take_too_long_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "MOST_FUEL", 20_000_000)
    envoys = 'envoys: [{match: "*", configcrates: [web]}]\n'

    def found(count: int) -> Compiled:
        many = ", ".join(str(number) for number in range(count))
        files = {"configcrates/web.vgo": GREEDY.replace("COUNT", many), "envoys.vgo": envoys}
        return compile_stacks(Sources({name: text.encode() for name, text in files.items()}))

    assert found(3).policy is not None
    refused = found(1000)
    assert [(one.file, one.code) for one in refused.diagnostics if one.severity == "error"] == [(".", "too-large")]
    assert "templates that are quickly rendered" in refused.diagnostics[0].message


def test_more_resources_than_any_fleet_has_are_refused_cold_and_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    crate = "configcrate: web\nresources: [{name: a, type: file, path: '/{{ vars.n }}'}]\n"
    envoys = "envoys:\n" + "".join(f"  - {{match: h{n}, configcrates: [web], vars: {{n: {n}}}}}\n" for n in range(30))
    files = {"configcrates/web.vgo": crate, "envoys.vgo": envoys}
    monkeypatch.setattr(effort, "MOST_STAMPED", 30)
    compiler = Compiler()
    assert compiled_by(compiler, files).policy is not None
    more = {**files, "envoys.vgo": envoys + "  - {match: h30, configcrates: [web], vars: {n: 30}}\n"}
    cold, warm = compiled_by(Compiler(), more), compiled_by(compiler, more)
    assert [one.code for one in cold.diagnostics] == [one.code for one in warm.diagnostics] == ["too-large"]
    assert cold.policy is None
    assert warm.policy is None
