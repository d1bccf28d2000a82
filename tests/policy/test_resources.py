import pytest

from tests.policy.conftest import by_name, codes, compiled, crate, only_message, plan_of, resources
from vigo.policy.resources import MOST_RESOURCES


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ("file, path: /a, mode: 0644", "mode", "0644"),
        ("package, version: 1.10", "version", "1.10"),
        ("file, path: /a, content: no", "content", "no"),
        ("file, path: /a, content: true", "content", "true"),
        ("file, path: /a, content: 0o17", "content", "0o17"),
        ("file, path: /a, owner: 0", "owner", "0"),
        ("file, path: /a, backup: yes", "backup", True),
        ("file, path: /a, backup: off", "backup", False),
        ("service, enabled: on", "enabled", True),
        ("user, uid: 1001", "uid", 1001),
        ('user, uid: "1001"', "uid", 1001),
        ("user, gid: 1001", "gid", "1001"),
        ("user, locked: ~", "locked", None),
        ("exec, command: [sleep, 5, no]", "command", ["sleep", "5", "no"]),
        ("exec, shell: x, creates: /a, environment: {PORT: 080, X: no}", "environment", {"PORT": "080", "X": "no"}),
        ("exec, shell: x, creates: /a, returns: [0, 3]", "returns", [0, 3]),
        ("package, package: [a, 1.0]", "package", ["a", "1.0"]),
    ],
)
def test_a_value_has_the_type_of_its_field_and_text_its_written_form(given: str, name: str, value: object) -> None:
    found = by_name(resources(f"- {{name: a, type: {given}}}"))["web/a"].fields[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("file, path: [a]", "path: expected a text, found a list"),
        ("file, path: ", "path: expected a text, found nothing"),
        ("file, path: /a, mode: 0999", "mode: expected a text that matches ^0?[0-7]{3,4}$, found '0999'"),
        ("file, path: /a, backup: perhaps", "backup: expected true or false, found 'perhaps'"),
        ("file, path: /a, state: presnt", "state: expected one of present, absent, found 'presnt'; did you mean"),
        ("user, uid: -1", "uid: expected at least 0, found '-1'"),
        ("user, uid: many", "uid: expected a whole number, found 'many'"),
        ("user, groups: wheel", "groups: expected a list, found 'wheel'"),
        ("exec, command: [a, [b]]", "command: expected a text, found a list"),
        ("exec, command: [a], environment: [b]", "environment: expected a map, found a list"),
        ("file, path: etc/a", "file: path: expected an absolute path"),
        ("file, path: /a, content: x, content_base64: eA==", "file: expected at most one of content"),
        ("file, pth: /a, path: /a", "file: no field has the name 'pth'; did you mean 'path'?"),
        ("file", "file: expected the field path, found none"),
        ("fil, path: /a", "no kind of resource has the name 'fil'; did you mean 'file'?"),
        ("package, state: installed", "state: expected one of present, latest, absent, found 'installed'"),
        ("service, state: on", "state: expected one of running, stopped, restarted, reloaded, found 'on'"),
        ("file, path: /a, timeout: 5", "timeout: expected a duration such as 30s"),
        ("file, path: /a, on_failure: halt", "on_failure: expected continue or stop, found 'halt'"),
        ("file, path: /a, noop: perhaps", "noop: expected true or false"),
        ("file, path: /a, noop: [x]", "noop: expected one value, found a list"),
        ('user, uid: "{{ 1 }}x"', "uid: expected"),
        ("file, path: \"{{ 'etc' }}\"", "file: path: expected an absolute path"),
        (
            'file, path: /a, source: "files/{{ traits.os.id }}"',
            "source: expected a path that is known without a machine",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_place(given: str, message: str) -> None:
    found = resources(f"- {{name: a, type: {given}}}")
    assert found.policy is None
    assert message in only_message(found)


def test_the_place_is_that_of_the_value() -> None:
    found = resources("- name: a\n  type: file\n  path: /a\n  mode: 0999\n  state: x\n  pth: 1\n")
    assert codes(found) == [
        "configcrates/web.vgo:6:11 error value",
        "configcrates/web.vgo:7:12 error value",
        "configcrates/web.vgo:8:5 error unknown-key",
    ]


def test_a_resources_own_name_is_the_name_of_what_it_is_about() -> None:
    found = by_name(resources("- {name: nginx, type: package}\n- {name: x, type: package, package: curl}"))
    assert found["web/nginx"].fields == {"package": "nginx"}
    assert found["web/x"].fields == {"package": "curl"}


def test_options_reach_the_plan() -> None:
    text = "- {name: a, type: file, path: /a, timeout: 5m, on_failure: stop, noop: true}"
    found = by_name(resources(text))["web/a"]
    assert (found.timeout_seconds, found.on_failure, found.noop) == (300.0, "stop", True)


def test_a_resources_own_content_goes_before_a_default_however_either_is_written() -> None:
    text = """
configcrate: web
defaults: {DEFAULT}
resources:
  - {name: a, type: file, path: /a, OWN}
"""
    files = {"files/x": "from the file\n", "files/y": "another\n"}
    for default, own, content in (
        ("content: d", "source: files/x", "from the file\n"),
        ("source: files/y", "source: files/x", "from the file\n"),
        ("source: files/y", "content: own", "own"),
    ):
        found = crate(text.replace("DEFAULT", default).replace("OWN", own), **files)
        assert by_name(found)["web/a"].fields["content"] == content


def test_defaults_reach_the_resources_whose_kind_has_the_field() -> None:
    found = by_name(
        crate("""
configcrate: web
defaults: {owner: root, mode: 0600, timeout: 10s}
resources:
  - {name: a, type: file, path: /a}
  - {name: b, type: file, path: /b, mode: 0644, timeout: 1m}
  - {name: c, type: package}
""")
    )
    assert found["web/a"].fields == {"path": "/a", "owner": "root", "mode": "0600"}
    assert found["web/b"].fields == {"path": "/b", "owner": "root", "mode": "0644"}
    assert found["web/c"].fields == {"package": "c"}
    assert [one.timeout_seconds for one in found.values()] == [10.0, 60.0, 10.0]


def test_a_default_that_nothing_has_is_refused_and_one_that_nothing_uses_is_a_warning() -> None:
    found = crate("""
configcrate: web
defaults: {ownr: root, shell: /bin/sh, name: x, mode: 0999}
resources: [{name: a, type: file, path: /a}, {name: b, type: file, path: /b}]
""")
    assert [(one.severity, one.message.partition(";")[0]) for one in found.diagnostics] == [
        ("error", "defaults: no kind has a field 'ownr'"),
        ("warning", "defaults: no resource of this configcrate has a field 'shell' that would use it"),
        (
            "error",
            "defaults: expected fields, or timeout, retries, retry_delay, on_failure, on_remove, noop, found 'name'",
        ),
        ("error", "mode: expected a text that matches ^0?[0-7]{3,4}$, found '0999'"),
    ]


def test_foreach_over_a_list_stamps_a_resource_per_item() -> None:
    found = by_name(
        crate("""
configcrate: web
vars: {sites: [{name: a, port: 1}, {name: b, port: 2}]}
resources:
  - name: "site {{ item.name }}"
    foreach: "{{ vars.sites }}"
    type: file
    path: /sites/{{ item.name }}
    content: "{{ item.port }} {{ traits.os.family }}"
    depends_on: ["folder"]
  - {name: folder, type: directory, path: /sites, before: ["site {{ 'b' }}"]}
""")
    )
    assert list(found) == ["web/folder", "web/site a", "web/site b"]
    one = found["web/site b"]
    assert one.fields == {"path": "/sites/b"}
    assert one.templates == {"content": "{{ item.port }} {{ traits.os.family }}"}
    assert one.locals == {"item": {"name": "b", "port": 2}}
    assert one.depends_on == ("web/folder",)


def test_foreach_over_a_map_gives_key_and_item() -> None:
    text = """
- name: "{{ key }}"
  foreach: {bob: 1001, eve: 1002}
  type: user
  uid: "{{ item }}"
  when: key != 'x' and os_family('debian')
"""
    found = by_name(resources(text))
    assert [(name, one.fields) for name, one in found.items()] == [
        ("web/bob", {"uid": 1001, "user": "bob"}),
        ("web/eve", {"uid": 1002, "user": "eve"}),
    ]
    assert found["web/eve"].locals == {"item": 1002, "key": "eve"}


@pytest.mark.parametrize("option", ['content: "{{ key }} {{ traits.os.family }}"', "when: os_family(key)"])
def test_a_list_has_no_keys_also_where_only_a_machine_would_ask_for_them(option: str) -> None:
    text = f'- {{name: "{{{{ item }}}}", foreach: [a], type: file, path: "/{{{{ item }}}}", {option}}}'
    assert "key: expected a map in foreach to take it from, found a list" in only_message(resources(text))


def test_a_configcrate_may_be_stamped_as_a_whole() -> None:
    found = by_name(
        crate("""
configcrate: web
foreach: {shop: 1, blog: 2}
resources:
  - {name: "conf {{ key }}", type: file, path: "/{{ key }}", content: "{{ item }}", notify: ["restart {{ key }}"]}
  - {name: "restart {{ key }}", type: service, service: "{{ key }}", state: restarted, when: changed}
""")
    )
    assert list(found) == ["web/conf shop", "web/restart shop", "web/conf blog", "web/restart blog"]
    assert found["web/conf blog"].notify == ("web/restart blog",)


def test_a_loop_on_the_configcrate_reaches_into_a_template_that_a_template_names() -> None:
    text = """
configcrate: web
foreach: [shop, blog]
resources:
  - {name: "{{ item }}", type: file, path: "/{{ item }}", source: "templates/{{ item }}"}
"""
    files = {"templates/shop": "sell {{ item }}", "templates/blog": "tell {{ item }} on {{ traits.os.id }}"}
    found = by_name(crate(text, **files))
    assert found["web/shop"].fields["content"] == "sell shop"
    assert found["web/blog"].templates == {"content": "tell {{ item }} on {{ traits.os.id }}"}
    assert found["web/blog"].locals == {"item": "blog"}


def test_one_loop_at_a_time() -> None:
    text = 'configcrate: web\nforeach: [a]\nresources: [{name: "{{ item }}", type: package, foreach: [b]}]'
    assert "foreach: expected it on the configcrate or on the resource, found both" in only_message(crate(text))


def test_foreach_over_nothing_stamps_nothing() -> None:
    assert by_name(resources('- {name: "{{ item }}", foreach: [], type: file, path: /a}')) == {}


@pytest.mark.parametrize(
    ("foreach", "message"),
    [
        ("3", "foreach: expected a list, a map, or a template of one, found '3'"),
        ('"{{ 3 }}"', "foreach: expected a list or a map, found '3'"),
        ('"{{ traits.os }}"', "foreach: expected what is known without a machine"),
        ('"{{ vars.nope }}"', "no variable vars.nope"),
        ("[1, 1]", "name: expected another name for each item of foreach, found 'n1' twice"),
    ],
)
def test_a_foreach_that_cannot_be_stamped_is_refused(foreach: str, message: str) -> None:
    found = resources(f'- {{name: "n{{{{ item }}}}", foreach: {foreach}, type: file, path: "/{{{{ item }}}}"}}')
    assert any(message in one.message for one in found.diagnostics)
    assert found.policy is None


def test_of_items_with_one_name_only_the_name_is_told() -> None:
    found = resources("- {name: a, type: file, path: /a, foreach: [1, 2]}")
    assert "expected another name for each item of foreach, found 'a' twice" in only_message(found)


def test_items_with_two_names_for_one_thing_are_told_to_use_the_item() -> None:
    (found,) = resources('- {name: "a{{ item }}", type: file, path: /a, foreach: [1, 2]}').diagnostics
    assert found.message.startswith("path /a: web/a2 and web/a1, of one foreach, both manage it")
    assert found.hint == "use the item in the field too"


def test_a_field_that_is_called_like_its_kind_is_named_once() -> None:
    assert only_message(resources("- {name: 'a b', type: user}")).startswith("user: expected a name of at most")


def test_a_name_over_traits_is_refused() -> None:
    assert "name: expected a name that is known without a machine" in only_message(
        resources('- {name: "{{ traits.os.id }}", type: file, path: /a}')
    )


def test_an_entry_has_a_bounded_number_of_resources() -> None:
    text = '- {name: "{{ item }}", foreach: "{{ range(30000) | list }}", type: package}'
    assert f"expected at most {MOST_RESOURCES} resources for one entry" in only_message(resources(text))


FILES = {
    "files/motd": b"data {{ vars.x }}\n",
    "files/logo": b"\xff\xfe",
    "templates/web.conf": b"port {{ vars.port }}\n",
    "templates/host.conf": b"on {{ traits.os.id }}\n",
    "templates/binary": b"\xff",
    "templates/broken": b"first\n  {{ vars.prot }}\n",
}


def sourced(path: str) -> dict[str, str | bytes]:
    text = (
        "configcrate: web\nvars: {port: 80, n: web}\n"
        f'resources: [{{name: a, type: file, path: /a, source: "{path}"}}]'
    )
    return {**FILES, "configcrates/web.vgo": text, "envoys.vgo": 'envoys: [{match: "*", configcrates: [web]}]'}


def test_a_file_below_files_is_data() -> None:
    assert by_name(compiled(sourced("files/motd")))["web/a"].fields["content"] == "data {{ vars.x }}\n"


def test_a_file_that_is_no_text_goes_as_base64() -> None:
    assert by_name(compiled(sourced("files/logo")))["web/a"].fields == {"path": "/a", "content_base64": "//4="}


def test_a_file_below_templates_is_rendered_here_or_on_the_machine() -> None:
    assert by_name(compiled(sourced("templates/web.conf")))["web/a"].fields["content"] == "port 80\n"
    assert by_name(compiled(sourced("templates/{{ vars.n }}.conf")))["web/a"].fields["content"] == "port 80\n"
    plan = plan_of(compiled(sourced("templates/host.conf")))
    assert plan.resources[0].templates == {"content": "on {{ traits.os.id }}\n"}
    assert plan.scopes == {}


def test_a_machine_gets_the_variables_that_its_templates_and_conditions_use_and_no_others() -> None:
    text = """\
configcrate: web
vars: {a: 1, b: 2, c: 3, d: 4, e: [5]}
resources:
  - {name: x, type: file, path: /x, content: "{{ vars.a }}{{ traits.os.id }}"}
  - {name: y, type: file, path: /y, content: "{{ vars.b }}", when: "vars.c > 1"}
"""
    envoys = {"envoys.vgo": 'envoys: [{match: "*", configcrates: [web]}]'}
    assert plan_of(compiled({"configcrates/web.vgo": text, **envoys})).scopes == {"web": {"a": 1, "c": 3}}
    for whole in ("{{ vars }}", "{{ vars[traits.os.id] }}", "{% set v = vars %}{{ v.b }}", "{{ vars.items() }}"):
        every = text.replace("{{ vars.a }}", whole)
        scope = plan_of(compiled({"configcrates/web.vgo": every, **envoys})).scopes["web"]
        assert scope == {"a": 1, "b": 2, "c": 3, "d": 4, "e": [5]}


def test_an_error_in_a_template_file_has_its_place_there() -> None:
    (error,) = compiled(sourced("templates/broken")).diagnostics
    assert (error.file, error.line, error.column) == ("templates/broken", 2, 6)
    assert "no variable vars.prot; did you mean 'port'?" in error.message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("templates/webconf", "the stacks have no file 'templates/webconf'; did you mean 'templates/web.conf'?"),
        ("fils/motd", "expected a path that begins with files/ or templates/, found 'fils/motd'"),
        ("../etc/passwd", "expected a path that begins with files/ or templates/"),
        ("files/../envoys.vgo", "the stacks have no file"),
        ("templates/binary", "expected templates/binary to be UTF-8 text, found the byte 0xff at offset 0"),
    ],
)
def test_a_source_that_is_not_there_is_refused(path: str, message: str) -> None:
    assert message in only_message(compiled(sourced(path)))
