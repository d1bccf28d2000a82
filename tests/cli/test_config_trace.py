import pytest

from tests.cli.desk import Desk, Result
from tests.docs.pages import section

VALUES = section("variables.md", "Variables").stacks
SITE = section("README.md", "In ten minutes").stacks
ROLES = section("roles.md", "Roles, environments, common.vgo").stacks


def asked(desk: Desk, files: dict[str, str], *arguments: str) -> Result:
    folder = desk.folder / "stacks"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return desk.vigocli("config", *arguments, "--stacks", str(folder))


def test_a_host_is_told_its_entry_roles_configcrates_and_variables(offline: Desk) -> None:
    found = asked(offline, ROLES | {"z/envoys.vgo": "envoys: [{match: ['db-1', 'db-x']}]"}, "trace", "DB-1.")
    assert found.status == 0, found.err
    assert found.out.startswith("db-1 gets the entry envoys.vgo:2:5 by db-* (envoys.vgo:2:13)\n")
    assert "would match too, but comes later: z/envoys.vgo:1:10 by db-1 (z/envoys.vgo:1:19)\n" in found.out
    assert "environment production (envoys.vgo:2:34)\n" in found.out
    assert ["motd", "always", "common.vgo (common.vgo:1:16)", "configcrates/motd.vgo:1:14"] in found.rows
    excluded = "excluded by environment production (environments.vgo:2:26)"
    assert ["debug", excluded, "role machine (roles.vgo:2:28)", "configcrates/debug.vgo:1:14"] in found.rows
    assert "when os_family('debian')" in found.out


def test_variables_are_told_with_those_who_see_them(offline: Desk) -> None:
    files = {
        "configcrates/a.vgo": "configcrate: a\nvars: {own: 1}\n",
        "configcrates/b.vgo": "configcrate: b\n",
        "envoys.vgo": "envoys: [{match: host, configcrates: [a, b], vars: {all: x}}]",
    }
    rows = asked(offline, files, "trace", "host").rows
    assert ["all", '"x"', "entry envoys.vgo:1", "envoys.vgo:1:53", "all"] in rows
    assert ["own", "1", "configcrate a", "configcrates/a.vgo:2:8", "a"] in rows


def test_a_resource_is_told_with_its_fields_loop_and_relations(offline: Desk) -> None:
    found = asked(offline, SITE, "trace", "web-1.example.com", "web/reload")
    assert found.status == 0, found.err
    assert "web/reload: service, declared at configcrates/web.vgo:12:5\n" in found.out
    assert "only when notified, at the end of a run\n" in found.out
    assert ["web/conf", "notify", "web/reload", "configcrates/web.vgo:11:14"] in found.rows
    conf = asked(offline, SITE, "trace", "web-1.example.com", "web/conf").out
    assert "resource, templates/site.conf, rendered on the machine" in conf
    assert "port  443" in conf


def test_json_has_all_that_people_see(offline: Desk) -> None:
    whole = asked(offline, VALUES, "trace", "edge-1", "--json").json
    assert whole["host"] == "edge-1"
    assert whole["entry"]["origin"] == {"file": "edge/envoys.vgo", "line": 2, "column": 5}
    assert [one["name"] for one in whole["variables"]] == ["admins", "port", "tls.days", "tls.on", "workers"]
    variable = asked(offline, VALUES, "trace", "edge-1", "workers", "--json").json["variable"]
    assert [one["standing"] for one in variable[0]["claims"]] == ["wins", "loses", "loses", "loses"]
    resource = asked(offline, VALUES, "trace", "edge-1", "app/conf", "--json").json["resource"]
    assert resource["planned"]["id"] == "app/conf"
    assert [one["name"] for one in resource["fields"]] == ["path", "content"]
    uses = asked(offline, VALUES, "uses", "workers", "--json").json
    assert uses["uses"][0] == {
        "subject": "variable",
        "how": "set by common.vgo",
        "origin": {"file": "common.vgo", "line": 1, "column": 23},
    }


def test_a_reference_to_a_secret_is_shown_as_it_stands(offline: Desk) -> None:
    files = {"envoys.vgo": "envoys: [{match: host, vars: {password: 'secret:db/password'}}]"}
    assert 'password = "secret:db/password"\n' in asked(offline, files, "trace", "host", "password").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trace", "edge-2"), "expected an entry that matches edge-2, found none among 1"),
        (("trace", "edge-1", "worker"), "found no 'worker'; did you mean 'workers'?"),
        (("trace", "edge-1", "app/cnof"), "found no 'app/cnof'; did you mean 'app/conf'?"),
        (("trace", "not a host"), "expected a hostname"),
        (("uses", "worker"), "found nothing called 'worker'; did you mean 'workers'?"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(offline: Desk, arguments: tuple[str, ...], told: str) -> None:
    found = asked(offline, VALUES, *arguments)
    assert (found.status, found.out) == (1, "")
    assert told in found.err


@pytest.mark.parametrize("arguments", [("trace", "edge-1"), ("uses", "app")])
def test_stacks_with_errors_are_refused_with_their_findings(offline: Desk, arguments: tuple[str, ...]) -> None:
    broken = VALUES | {"roles.vgo": "roles: 3\n"}
    found = asked(offline, broken, *arguments)
    assert (found.status, found.out) == (1, "")
    assert "roles.vgo:1:8: error: roles: expected a map" in found.err
    assert "correct them first" in found.err
    json = asked(offline, broken, *arguments, "--json")
    assert json.status == 1
    assert json.json["valid"] is False


def test_the_stacks_of_a_data_folder_are_asked_without_its_server(offline: Desk) -> None:
    asked(offline, VALUES, "uses", "app")
    offline.server.folder.stacks.parent.mkdir(parents=True, exist_ok=True)
    (offline.folder / "stacks").rename(offline.server.folder.stacks)
    assert offline.here("config", "trace", "edge-1", "workers").status == 0
    assert offline.here("config", "uses", "app").status == 0


def test_a_folder_is_asked_for(offline: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.cli.client.target.DEFAULT_DATA_DIR", offline.folder / "nosuch")
    found = offline.vigocli("config", "uses", "app")
    assert found.status == 2
    assert "expected --stacks DIR or --data-dir DIR" in found.err


def test_a_folder_that_is_not_there_is_one_line(offline: Desk) -> None:
    found = offline.vigocli("config", "trace", "web-1", "--stacks", "/nonexistent")
    assert found.status == 1
    assert found.err.startswith("vigocli: /nonexistent: expected the folder of the stacks, found none")
    assert found.err.count("\n") == 1


def test_control_characters_of_the_stacks_do_not_reach_the_terminal(offline: Desk) -> None:
    files = {"envoys.vgo": 'envoys: [{match: host, vars: {a: "\\e[2J", "b\\e[2J": 1}}]'}
    for arguments in (("trace", "host"), ("trace", "host", "a"), ("trace", "host", "a", "--json"), ("uses", "a")):
        found = asked(offline, files, *arguments)
        assert found.status == 0, found.err
        assert "\x1b" not in found.out
