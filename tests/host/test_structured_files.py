"""The kinds `json_file`, `yaml_file` and `toml_file`, judged by Python's own readers in the Debian and by PyYAML."""

import json

import yaml

from tests.host.booted_debian import BootedDebian, declared

READ = {
    "json_file": "import json; print(json.dumps(json.load(open('{path}'))))",
    "toml_file": "import json, tomllib; print(json.dumps(tomllib.load(open('{path}', 'rb'))))",
}
TEXTS = {
    "json_file": '{\n  "server": {"port": 80},\n  "list": [1, 2]\n}\n',
    "yaml_file": "# ours\nserver: {port: 80} # http\nlist:\n- 1\n- 2\n",
    "toml_file": "# ours\nlist = [1, 2] # two\n\n[server]\nport = 80\n",
}


def read(debian: BootedDebian, kind: str, path: str) -> object:
    """Return what another reader than Vigo makes of a file."""
    if kind == "yaml_file":
        return yaml.safe_load(debian.tell("cat", path))
    found: object = json.loads(debian.tell("python3", "-c", READ[kind].format(path=path)))
    return found


def test_one_value_of_a_file_is_managed_and_the_rest_stays(debian: BootedDebian) -> None:
    for kind, text in TEXTS.items():
        path = f"/srv/{kind}"
        debian.write(path, text, mode="0640")
        resource = declared(kind, kind, path=path, pointer="/server/port", value=8080)
        debian.changes(resource)
        assert read(debian, kind, path) == {"server": {"port": 8080}, "list": [1, 2]}
        after = debian.tell("cat", path)
        assert after.replace("8080", "80") == text.removesuffix("\n")
        assert debian.tell("stat", "-c", "%a", path) == "640"
        debian.changes(declared(kind, kind, path=path, pointer="/list/2", value=3))
        debian.changes(declared(kind, kind, path=path, pointer="/server/tls", value={"on": True, "names": ["a", "b"]}))
        debian.changes(declared(kind, kind, path=path, pointer="/server/port", state="absent"))
        assert read(debian, kind, path) == {"server": {"tls": {"on": True, "names": ["a", "b"]}}, "list": [1, 2, 3]}
        assert [line for line in debian.tell("cat", path).splitlines() if line == "# ours"] == ["# ours"] * (
            "#" in text
        )


def test_a_file_is_made_where_that_is_declared(debian: BootedDebian) -> None:
    for kind in TEXTS:
        path = f"/srv/new-{kind}"
        debian.changes(declared(kind, kind, path=path, pointer="/a/b", value="x: y", create=True))
        assert read(debian, kind, path) == {"a": {"b": "x: y"}}
        assert debian.tell("stat", "-c", "%a %U", path) == "644 root"


def test_what_is_broken_is_left_as_it_is(debian: BootedDebian) -> None:
    for kind in ("json_file", "yaml_file", "toml_file"):
        path = f"/srv/broken-{kind}"
        debian.write(path, "{ [ = broken\n")
        result = debian.apply(declared(kind, "broken", path=path, pointer="/a", value=1))["broken"]
        assert (result.outcome, path in result.reason) == ("failed", True)
        assert debian.tell("cat", path) == "{ [ = broken"
