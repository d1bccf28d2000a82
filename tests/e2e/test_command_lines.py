"""The command lines that scripts rely on, word by word as the contract of the first release lists them."""

import json

import pytest

from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server, crate, entries

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app")

RESULT = {"id", "type", "outcome", "changed", "duration_ms"}
LISTED_RUN = {"id", "envoy", "hostname", "generation", "started_at", "duration_ms", "offline", "outcome", "counts"}
LISTED_ENVOY = {"id", "hostname", "status", "generation", "live_generation", "convergence", "last_run", "roles"}


class Words:
    """One server and one envoy that ran once, and what the placeholders of the contract stand for."""

    def __init__(self, server: Server, envoy: Envoy) -> None:
        self.server = server
        self.envoy = envoy
        self.run_id = envoy.run()["run_id"]

    def filled(self, line: str) -> list[str]:
        values = {
            "D": self.server.data,
            "S": self.envoy.state,
            "STACKS": self.server.stacks,
            "NAME": self.envoy.name,
            "ID": self.run_id,
        }
        return [str(values.get(word, word)) for word in line.split()]


@pytest.fixture(scope="module")
def words(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Words:
    server.publish(POLICY)
    return Words(server, Envoy("web-1", tmp_path_factory.mktemp("envoy"), server).enrol())


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (
            "vigocli --data-dir D tokens create --hostname web-* --ttl 1h --uses 3 --json",
            {"token", "ca_sha256", "server"},
        ),
        ("vigocli config validate --stacks STACKS --json", {"valid", "diagnostics"}),
        ("vigocli --data-dir D config validate --json", {"valid", "diagnostics", "resources"}),
        ("vigocli --data-dir D config publish -m MESSAGE --json", {"generation", "warnings"}),
        ("vigocli --data-dir D envoys list --json", {"items"}),
        ("vigocli --data-dir D envoys show NAME --json", LISTED_ENVOY | {"traits", "resources"}),
        ("vigocli --data-dir D runs list --json", {"items"}),
        ("vigocli --data-dir D runs show ID --json", LISTED_RUN | {"results"}),
        ("vigocli --data-dir D doctor --json", {"status", "checks"}),
        ("vigo run --once --state-dir S --json", {"run_id", "generation", "results", "offline", "message"}),
        ("vigo run --once --state-dir S --dry-run --json", {"results", "dry_run"}),
        ("vigo status --state-dir S --json", {"envoy", "hostname", "server", "generation", "last_run", "waiting_runs"}),
        ("vigo traits --state-dir S --json", {"os", "network", "agent"}),
    ],
)
def test_a_command_of_the_contract_prints_one_json_object_with_its_keys(
    line: str, keys: set[str], words: Words
) -> None:
    done = call(*words.filled(line))
    assert done.status == 0, done
    assert keys <= set(json.loads(done.out))


def test_what_is_listed_has_its_keys(words: Words) -> None:
    (envoy,) = words.server.ask("envoys", "list")["items"]
    assert set(envoy) >= LISTED_ENVOY
    runs = words.server.ask("runs", "list", "--envoy", "web-1")["items"]
    assert all(set(run) >= LISTED_RUN for run in runs)
    results = words.server.ask("runs", "show", words.run_id)["results"]
    assert [result["id"] for result in results] == ["app/conf"]
    assert set(results[0]) >= RESULT


@pytest.mark.parametrize(
    "line",
    [
        "vigocli --data-dir D config validate",
        "vigocli --data-dir D config publish -m MESSAGE",
        "vigocli --data-dir D envoys list",
        "vigocli --data-dir D envoys show NAME",
        "vigocli --data-dir D runs list",
        "vigocli --data-dir D runs show ID",
        "vigocli --data-dir D doctor",
        "vigocli version",
        "vigocli completion bash",
        "vigo run --once --state-dir S",
        "vigo status --state-dir S",
        "vigo traits --state-dir S",
        "vigo version",
        "vigosrv --version",
    ],
)
def test_a_command_of_the_contract_speaks_to_people_too(line: str, words: Words) -> None:
    done = call(*words.filled(line))
    assert done.status == 0, done
    assert done.out.strip()


@pytest.mark.parametrize(
    "line",
    [
        "vigosrv init --data-dir",
        "vigosrv run --data-dir --grpc-listen --api-listen",
        "vigo enroll --server --token --ca-sha256 --state-dir --root --hostname",
        "vigo run --once --state-dir --dry-run --json",
        "vigo daemon --state-dir --interval",
        "vigo status --state-dir --json",
        "vigo traits --state-dir --json",
        "vigocli --data-dir",
        "vigocli config validate --stacks",
        "vigocli config publish --message",
        "vigocli tokens create --hostname --ttl --uses --json",
        "vigocli envoys list --json",
        "vigocli envoys show --json",
        "vigocli envoys revoke",
        "vigocli runs list --json",
        "vigocli runs show --json",
        "vigocli login --server",
    ],
)
def test_the_help_of_a_command_tells_its_options_and_exit_statuses(line: str) -> None:
    command = [word for word in line.split() if not word.startswith("--")]
    told = call(*command, "--help")
    assert told.status == 0
    assert all(option in told.out for option in line.split()[len(command) :])
    assert "Exit status" in told.out


def test_the_identity_remembers_root_and_hostname(words: Words) -> None:
    status = words.envoy.status()
    assert (status["root"], status["hostname"]) == (str(words.envoy.place), "web-1")
