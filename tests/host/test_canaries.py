"""Secrets in programs on a booted machine: they get to where the policy says, and nowhere else on it."""

import base64
from typing import Any

import msgspec
import pytest

from tests.host.booted_debian import BootedDebian
from tests.host.debian_root import PYTHON
from tests.policy.conftest import compiled
from tests.security.canaries import canary, found_in
from vigo.core.encoding import encode_as_written

NAMES = ("stdin", "environment", "script", "params", "fails", "header", "password", "file", "late")
VALUES = {f"c/{name}": canary(name).replace("'", "q").replace("\\", "s") for name in NAMES}

STACKS = {
    "configcrates/all.vgo": r"""
configcrate: all
vars: {script: secret:c/script, header: secret:c/header, late: secret:c/late}
resources:
  - {name: user, type: user, user: ada, password: secret:c/password}
  - {name: exec, type: exec, command: [sh, -c, "(cat; printenv T) > /srv/exec; cat /srv/exec; cat /srv/exec >&2"],
     stdin: secret:c/stdin, environment: {T: secret:c/environment}, creates: /srv/exec}
  - {name: argv, type: exec, command: [sh, -c, "tr '\\0' ' ' < /proc/$PPID/cmdline > /srv/argv"], stdin: secret:c/stdin,
     creates: /srv/argv}
  - name: script
    type: script
    creates: /srv/script
    content: |
      set -eu
      umask 077
      printf '%s' '{{ vars.script }}' > /srv/script
      cat /srv/script
      ls -l "$0" >&2
  - {name: fails, type: exec, command: [sh, -c, "cat; cat >&2; echo \"$T\" >&2; exit 3"], stdin: secret:c/fails,
     environment: {T: secret:c/fails}, retries: 1, retry_delay: 1s}
  - {name: slow, type: exec, command: [sh, -c, "echo \"$T\"; sleep 30"], environment: {T: "{{ vars.late }}"},
     timeout: 1s}
  - {name: custom, type: custom, custom: keeper, params: {key: secret:c/params}}
  - {name: http, type: http_check, url: "http://127.0.0.1:9/", headers: {X-Key: "{{ vars.header }}"}}
  - {name: file, type: file, path: /srv/file, mode: 0600, content: secret:c/file}
""",
    "envoys.vgo": 'envoys: [{match: "*", configcrates: [all]}]\n',
}
KEEPER = r"""#!/bin/sh
read -r question
case $question in
  *'"dry_run": true'* | *'"dry_run":true'*)
    if [ -e /srv/custom ]; then printf '{"changed": false}'; else printf '{"changed": true, "action": "keep it"}'; fi ;;
  *) umask 077; printf '%s' "$question" > /srv/custom; printf '%s' "$question" >&2; printf '{"changed": true}' ;;
esac
"""
LOOKED_AT = ("/tmp", "/var", "/run", "/root", "/home", "/etc", "/dev/shm")
"""Where something that a program or Vigo leaves behind would be."""


def _applied(debian: BootedDebian, passes: int) -> tuple[list[list[dict[str, Any]]], bytes]:
    """Return the results of each pass, and all that the process printed."""
    policy = compiled(STACKS).policy
    assert policy is not None
    plan = policy.plan(policy.entries[0])
    given = f"{msgspec.json.encode(VALUES).decode()}\n{base64.b64encode(encode_as_written(plan)).decode()}\n"
    argv = (str(PYTHON), "-m", "tests.host.apply_with_secrets", str(passes))
    done = debian.run(*argv, stdin=given, environment=debian.python_environment())
    return msgspec.json.decode(done.stdout), f"{done.stdout}\n{done.stderr}".encode()


def _written_since(debian: BootedDebian) -> bytes:
    """Return what was written into the usual places since the test began, with the names of the files."""
    found = f"find {' '.join(LOOKED_AT)} -xdev -newer /srv/begun -type f -print0"
    return base64.b64decode(debian.tell("sh", "-c", f"{found} | tar --null -T - --create --file=- -P | base64 -w0"))


@pytest.fixture
def prepared(debian: BootedDebian) -> BootedDebian:
    debian.run("touch", "--date=2 seconds ago", "/srv/begun")
    debian.write("/etc/vigo/executors.d/keeper", KEEPER, mode="0755")
    return debian


def test_18_programs_get_their_secrets_and_leave_nothing_of_them_behind(prepared: BootedDebian) -> None:
    (first, second), told = _applied(prepared, 2)
    outcomes = {one["id"].partition("/")[2]: one["outcome"] for one in first}
    assert outcomes == {
        **dict.fromkeys(("user", "exec", "argv", "script", "custom", "file"), "changed"),
        **dict.fromkeys(("fails", "slow", "http"), "failed"),
    }, first
    assert {one["outcome"] for one in second if one["id"].partition("/")[2] in ("exec", "script", "file")} == {
        "unchanged"
    }
    assert found_in(told, VALUES) == []
    # What is in no file, no log and no name of a process: but for the files that are declared, and those of programs.
    assert found_in(_written_since(prepared), VALUES) == []
    journal = prepared.run("journalctl", "--no-pager", "--all", check=False).stdout.encode()
    assert found_in(journal, VALUES) == []
    assert found_in(prepared.tell("cat", "/srv/argv").encode(), VALUES) == []
    # It was all there.
    for path, name in {"exec": "stdin", "script": "script", "custom": "params", "file": "file"}.items():
        assert found_in(prepared.tell("cat", f"/srv/{path}").encode(), {name: VALUES[f"c/{name}"]}), path
    assert prepared.tell("sh", "-c", "getent shadow ada | cut -d: -f2 | cut -c1-3") == "$6$"


def test_18_the_search_would_find_what_a_program_leaves_behind(prepared: BootedDebian) -> None:
    prepared.write("/var/tmp/left", f"before {VALUES['c/stdin']} after")
    assert found_in(_written_since(prepared), VALUES)
