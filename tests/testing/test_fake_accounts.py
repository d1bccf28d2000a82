"""The fake's shadow tools against the real ones, which take another root by `--prefix`."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from vigo.catalog.ops import Run
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost

FILES = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nold:x:1200:1200:Old:/home/old:/bin/sh\n",
    "/etc/group": "root:x:0:\nold:x:1200:\nextra:x:1300:root\n",
    "/etc/shadow": "root:*:19000:0:99999:7:::\nold:$6$s$h:19000:0:99999:7::20000:\n",
    "/etc/gshadow": "root:*::\nold:!::\nextra:!::root\n",
}
CALLS = [
    "groupadd --gid 1500 -- web",
    "groupmod --gid 1501 -- extra",
    "groupdel -- extra",
    "useradd --uid 1500 --gid 1300 --home-dir /home/web --shell /bin/sh --groups extra --comment -x -- web",
    "useradd --uid 1500 --gid 1300 --home-dir /h --shell /bin/sh --no-create-home --expiredate 2027-01-31 -- web",
    "usermod --shell /bin/bash --home /srv --comment '' --expiredate '' -- old",
    # Not `--gid`: with --prefix usermod looks the number up among the groups of the running machine.
    "usermod --uid 1201 --append --groups extra -- old",
    "userdel -- old",
]


@pytest.mark.parametrize("call", CALLS)
def test_the_fake_writes_what_the_real_tool_writes(call: str, tmp_path: Path) -> None:
    argv = shlex.split(call)
    program = shutil.which(argv[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        pytest.skip(f"this machine has no {argv[0]} to compare with")
    for path, text in FILES.items():
        (tmp_path / path[1:]).parent.mkdir(exist_ok=True)
        (tmp_path / path[1:]).write_text(text)
    (tmp_path / "home").mkdir()
    subprocess.run([program, "--prefix", str(tmp_path), *argv[1:]], check=True, capture_output=True)

    host = FakeHost(FILES, tools=[FakeAccounts()])
    host.apply(Run(argv=tuple(argv)))

    # With --prefix userdel leaves the user's own group, which it removes on a running host, as the fake does.
    for path in ("/etc/passwd",) if argv[0] == "userdel" else ("/etc/passwd", "/etc/group"):
        assert host.read_text(path) == (tmp_path / path[1:]).read_text()
    shadow = host.read_text("/etc/shadow") or ""
    assert _without_days(shadow) == _without_days((tmp_path / "etc/shadow").read_text())


def _without_days(shadow: str) -> list[list[str]]:
    """Return the entries without the day of the last change, the fake's clock stands still, and login.defs' ages."""
    return [
        [field for number, field in enumerate(line.split(":")) if number in (0, 1, 7)] for line in shadow.split("\n")
    ]
