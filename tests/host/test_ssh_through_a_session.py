"""A real ssh and scp to a real sshd, by the way of an agent's own connection."""

import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import BIN, Background, until
from tests.e2e.shells import Desk, machine
from tests.e2e.world import Server
from tests.host.debian_root import cached_root

MIB = 1024 * 1024
# In a view of its own of the file systems, where the Debian may be written to and nothing of that stays.
_SERVE = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mkdir -p "$1/root/run/sshd" "$1/root/root/.ssh"
cp "$3" "$1/root/root/.ssh/authorized_keys"
chroot "$1/root" ssh-keygen -A
exec chroot "$1/root" /usr/sbin/sshd -D -e -p "$4" -o ListenAddress=127.0.0.1 -o UsePAM=no -o PidFile=none
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def sshd(folder: Path, key: Path, port: int) -> Iterator[None]:
    root = cached_root(("openssh-server",))
    place = folder / "debian"
    place.mkdir()
    words = ["unshare", "--mount", "/bin/sh", "-c", _SERVE, "sh", place, root, key.with_suffix(".pub"), port]
    with Background(words, folder, name="sshd") as running:
        running.until_it_says("Server listening")
        yield


class Client:
    """The ssh and the scp of this machine, on their way through an agent."""

    def __init__(self, server: Server, key: Path, port: int) -> None:
        proxy = f"{BIN}/vigocli --data-dir {server.data} scrier ssh %h --port {port}"
        self.options = (
            *("-F", "none", "-i", str(key), "-o", f"ProxyCommand={proxy}", "-o", "BatchMode=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
        )

    def run(self, program: str, *words: object) -> subprocess.CompletedProcess[str]:
        argv = [program, *self.options, *map(str, words)]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.usefixtures("debian_root")
def test_ssh_and_scp_reach_a_machine_that_nothing_dials(tmp_path: Path) -> None:
    for program in ("ssh", "scp", "ssh-keygen"):
        if shutil.which(program) is None:
            pytest.skip(f"expected the program {program} (package openssh-client), found none")
    key, port = tmp_path / "key", free_port()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)  # noqa: S607
    rules = f'scrier: [{{match: "*", users: {{admin: nobody}}, ports: [{port}]}}]\n'
    with sshd(tmp_path, key, port), Server(tmp_path / "server") as server:
        server.publish({"envoys.vgo": "envoys: []\n", "scrier.vgo": rules})
        with machine(server, tmp_path):
            client = Client(server, key, port)
            done = client.run("ssh", "root@web-1", "cat /etc/debian_version; exit 9")
            assert (done.returncode, done.stdout != "") == (9, True), done
            data = os.urandom(20 * MIB)
            (tmp_path / "up").write_bytes(data)
            done = client.run("scp", tmp_path / "up", "root@web-1:/root/there")
            assert done.returncode == 0, done
            done = client.run("ssh", "root@web-1", "sha256sum /root/there")
            assert done.stdout.split()[0] == hashlib.sha256(data).hexdigest()
            done = client.run("scp", "root@web-1:/root/there", tmp_path / "down")
            assert done.returncode == 0, done
            assert (tmp_path / "down").read_bytes() == data
            with Desk("/usr/bin/env", "ssh", *client.options, "-tt", "root@web-1", columns=90, rows=30) as desk:
                desk.type("stty size; echo up-$((1+1)); exit 5\n")
                assert desk.ended() == 5
                assert b"30 90\r\n" in desk.shown
                assert b"up-2\r\n" in desk.shown
            until("the ends", lambda: all(one["ended_at"] for one in server.ask("scrier", "sessions")["items"]))
            done = client.run("ssh", "root@web-2", "true")
            assert done.returncode == 255
            assert "web-2" in done.stderr
