import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vigo.agent.identity.files import make_private_folder, write_private
from vigo.agent.identity.identity import IdentityFolder
from vigo.core.errors import DamagedError, NotEnrolledError, UnavailableError


def test_a_private_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        write_private(tmp_path / "key", b"secret")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_folder_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    make_private_folder(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_symlink_left_at_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / ".key.new").symlink_to(victim)
    write_private(tmp_path / "key", b"secret")
    assert victim.read_text() == "untouched"
    assert (tmp_path / "key").read_bytes() == b"secret"


_WRITE_WITHOUT_ROOM = """
import resource, signal, sys
from pathlib import Path
from vigo.agent.identity.files import write_private
from vigo.core.errors import UnavailableError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    write_private(Path(sys.argv[1]), b"x" * 1000)
except UnavailableError as error:
    print(error)
"""

_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from vigo.agent.identity.files import write_private
while True:
    for letter in (b"a", b"b"):
        write_private(Path(sys.argv[1]), letter * 50_000)
        print("written", flush=True)
"""


def child(program: str, path: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": "src"}
    return subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, env=environment)


def test_a_full_disk_keeps_the_former_content(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"former")
    told = child(_WRITE_WITHOUT_ROOM, tmp_path / "key").communicate()[0].decode()
    assert "cannot be written" in told
    assert (tmp_path / "key").read_bytes() == b"former"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_kill_leaves_one_content_or_the_other(tmp_path: Path) -> None:
    process = child(_WRITE_FOR_EVER, tmp_path / "key")
    with process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert set((tmp_path / "key").read_bytes()) in ({ord("a")}, {ord("b")})
    assert len((tmp_path / "key").read_bytes()) == 50_000


def test_no_identity_and_a_damaged_one_are_different_answers(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    with pytest.raises(NotEnrolledError):
        folder.load()
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / "identity.json").write_text("{")
    with pytest.raises(DamagedError, match="--force"):
        folder.load()
    with pytest.raises(DamagedError, match="--force"):
        folder.signing_key()
    with pytest.raises(DamagedError, match="--force"):
        folder.ca_pem()


def test_an_interrupted_enrolment_keeps_its_keys(tmp_path: Path) -> None:
    first_signing, first_tls = IdentityFolder(tmp_path).pending_keys()
    second_signing, second_tls = IdentityFolder(tmp_path).pending_keys()
    assert (first_signing.to_hex(), first_tls) == (second_signing.to_hex(), second_tls)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="--state-dir"):
        make_private_folder(tmp_path / "file" / "state")
