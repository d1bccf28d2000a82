import json
import re
import subprocess
import sys

import pytest

import vigo
from tests.cli.desk import Desk
from vigo.cli.client.target import DEFAULT_DATA_DIR

NOUNS = (
    "access",
    "audit",
    "completion",
    "compliance",
    "config",
    "doctor",
    "enrol",
    "envoys",
    "fleet",
    "keys",
    "login",
    "logout",
    "notify",
    "query",
    "runs",
    "scrier",
    "secrets",
    "task",
    "tokens",
    "users",
    "version",
    "workflow",
)
VERBS = {
    "access": ("create", "list", "revoke"),
    "audit": ("export", "list", "verify"),
    "compliance": ("list", "report"),
    "config": (
        *("changes", "freeze", "history", "lsp", "plan", "publish", "render", "rollback", "status"),
        *("test", "trace", "unfreeze", "uses", "validate"),
    ),
    "enrol": ("approve", "deny", "pending"),
    "envoys": ("explain", "list", "push", "revoke", "show"),
    "keys": ("cancel", "list", "retire", "rotate", "switch"),
    "notify": ("channels", "list", "retry", "test"),
    "runs": ("list", "show"),
    "scrier": ("forward", "kill", "play", "sessions", "shell", "ssh", "watch"),
    "secrets": ("export", "get", "history", "init", "list", "rm", "rotate", "set"),
    "task": ("cancel", "list", "named", "rerun", "run", "show", "watch"),
    "tokens": ("create", "list", "revoke"),
    "users": ("add", "change", "list", "remove"),
    "workflow": ("abort", "approve", "declared", "list", "run", "show", "watch"),
}
EVERY = [(noun,) for noun in NOUNS] + [(noun, verb) for noun, verbs in VERBS.items() for verb in verbs]


@pytest.mark.parametrize("arguments", [(), *EVERY], ids=" ".join)
def test_every_help_has_an_example_and_the_exit_statuses(offline: Desk, arguments: tuple[str, ...]) -> None:
    result = offline.vigocli(*arguments, "--help")
    assert result.status == 0
    assert re.search(rf"Examples?:\n +vigocli .*{arguments[0] if arguments else 'envoys'}", result.out, re.DOTALL)
    assert re.search(r"Exit statuses:\n +0  ", result.out)
    assert offline.vigocli(*arguments, "-h").out == result.out


def test_the_list_of_commands_is_whole(offline: Desk) -> None:
    assert listed(offline.vigocli("--help").out) == NOUNS
    for noun, verbs in VERBS.items():
        assert listed(offline.vigocli(noun, "--help").out) == verbs


def listed(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"^  (\w+)  ", text.partition("Commands:")[2], re.MULTILINE))


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(("envoy", "list"), "'envoys'"), (("envoys", "lst"), "'list'"), (("runs", "list", "--limt", "3"), "'--limit'"),
     (("--datadir", "x"), "'--data-dir'"), (("confg",), "'config'")],
)  # fmt: skip
def test_a_wrong_name_is_answered_with_the_nearest(offline: Desk, arguments: tuple[str, ...], meant: str) -> None:
    result = offline.vigocli(*arguments)
    assert result.status == 2
    assert meant in result.err


def test_a_start_loads_no_table_and_no_network() -> None:
    program = (
        "import sys, json\n"
        "from vigo.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "main(['envoys', 'list', '--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "vigo.cli.envoys" in loaded
    assert not loaded & {"rich", "httpx", "ssl", "msgspec", "yaml", "vigo.policy.diagnostics", "asyncio", "json.tool"}


def test_a_program_that_asks_for_json_pays_for_no_table(desk: Desk) -> None:
    program = (
        "import sys\n"
        "from vigo.cli.main import main\n"
        f"main(['--data-dir', {str(desk.server.folder.root)!r}, 'envoys', 'list', '--json'], standalone_mode=False)\n"
        "sys.exit('rich' in sys.modules)"
    )
    environment = desk.environment_of_process()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_told(offline: Desk) -> None:
    assert offline.vigocli("version").out == f"vigocli {vigo.__version__}\n"


def test_the_data_folder_may_stand_behind_the_verb_or_in_the_environment(desk: Desk) -> None:
    folder = str(desk.server.folder.root)
    assert desk.vigocli("envoys", "list", "--json", "--data-dir", folder).json == {"items": []}
    desk.environment["VIGO_DATA_DIR"] = folder
    assert desk.vigocli("envoys", "list", "--json").json == {"items": []}
    assert desk.process("envoys", "list", "--json").json == {"items": []}


def test_no_server_at_all_is_told_with_what_to_do(offline: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.cli.client.target.DEFAULT_DATA_DIR", offline.folder / "nothing")
    result = offline.vigocli("envoys", "list")
    assert result.status == 2
    assert "--data-dir" in result.err
    assert "vigocli login" in result.err
    assert result.err.count("\n") == 1


def test_the_usual_folder_of_the_host_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(DEFAULT_DATA_DIR) == "/var/lib/vigo"
    monkeypatch.setattr("vigo.cli.client.target.DEFAULT_DATA_DIR", desk.server.folder.root)
    assert desk.vigocli("envoys", "list", "--json").json == {"items": []}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(offline: Desk, shell: str) -> None:
    result = offline.vigocli("completion", shell)
    assert result.status == 0
    assert f"_VIGOCLI_COMPLETE={shell}_complete" in result.out


def test_completion_offers_commands_options_and_envoys(desk: Desk) -> None:
    desk.enrol("web-1")
    desk.enrol("web-2")
    desk.enrol("db-1")
    folder = str(desk.server.folder.root)
    assert completed(desk, "vigocli env") == ["envoys"]
    assert completed(desk, "vigocli envoys revoke --y") == ["--yes"]
    assert completed(desk, f"vigocli --data-dir {folder} envoys show web") == ["web-1", "web-2"]
    assert completed(desk, f"vigocli --data-dir {folder} runs list --envoy d") == ["db-1"]
    assert completed(desk, "vigocli --data-dir /nosuch envoys show web") == []


def completed(desk: Desk, line: str) -> list[str]:
    words = line.split()
    done = desk.process(_VIGOCLI_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.err == ""
    return [found.partition(",")[2] for found in done.out.splitlines() if found]


def test_an_encoding_without_a_character_fails_nothing(desk: Desk) -> None:
    desk.here("config", "publish", "-m", "for Ł")
    folder = str(desk.server.folder.root)
    result = desk.process("--data-dir", folder, "config", "history", PYTHONIOENCODING="latin-1")
    assert result.status == 0, result.err
    assert "\\u0141" in result.out
