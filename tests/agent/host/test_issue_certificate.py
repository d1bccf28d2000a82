import os
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import NOBODY, World, as_nobody, needs_root, open_to_all
from vigo.agent.engine.engine import Engine
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.key_pairs import read_key, read_pair
from vigo.catalog.formats.self_signed import KeyType, new_key
from vigo.catalog.ops.issue_certificate import IssueCertificate
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import BlockedError, InvalidError, UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult
from vigo.testing.clock import FakeClock

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("www.example.com", "*.example.com", "192.0.2.7", "2001:db8::1")
ORIGIN = Origin("a.vgo", 1)


def issuing(folder: Path, key_type: KeyType | None = "ecdsa-p256", **more: Any) -> IssueCertificate:
    fields = {"path": f"{folder}/a.pem", "key_path": f"{folder}/a.key", "names": NAMES, "key_type": key_type}
    return IssueCertificate(**{"begins": NOW, "ends": NOW + timedelta(days=90), **fields, **more})


def issue(host: RealHost, op: IssueCertificate) -> None:
    Executors(host).execute(op)


def openssl(*words: str | Path) -> str:
    return subprocess.run(["/usr/bin/openssl", *words], capture_output=True, text=True, check=True).stdout


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"])
def test_openssl_finds_that_it_belongs_to_the_key_and_holds_for_its_names(
    key_type: KeyType, machine: RealHost, tmp_path: Path
) -> None:
    issue(machine, issuing(tmp_path, key_type))
    certificate, key = tmp_path / "a.pem", tmp_path / "a.key"
    assert openssl("x509", "-in", certificate, "-noout", "-pubkey") == openssl("pkey", "-in", key, "-pubout")
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", certificate, certificate)
    text = openssl("x509", "-in", certificate, "-noout", "-subject", "-ext", "subjectAltName,basicConstraints")
    assert "CN = www.example.com" in text
    assert "DNS:www.example.com, DNS:*.example.com, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:1" in text
    assert "CA:FALSE" in text
    assert read_key(key.read_bytes()).key_type == key_type
    assert names_in(tmp_path) == ["a.key", "a.pem"]


def test_the_key_is_closed_before_it_has_content_whatever_the_umask(
    machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = os.write, []

    def watching(descriptor: int, data: bytes) -> int:
        found = os.fstat(descriptor)
        seen.append((bytes(data)[:21], stat.S_IMODE(found.st_mode), found.st_size))
        return real(descriptor, data)

    (tmp_path / "a.key").write_text("")
    (tmp_path / "a.key").chmod(0o644)
    before = os.umask(0)
    monkeypatch.setattr(os, "write", watching)
    try:
        issue(machine, issuing(tmp_path))
    finally:
        os.umask(before)
    assert seen == [(b"-----BEGIN PRIVATE KE", 0o600, 0), (b"-----BEGIN CERTIFICAT", 0o644, 0)]
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_both_files_get_their_owner_and_the_key_its_mode(machine: RealHost, tmp_path: Path) -> None:
    needs_root("to give files away")
    issue(machine, issuing(tmp_path, key_mode=0o640, uid=1, gid=2))
    found = [(tmp_path / name).stat() for name in ("a.key", "a.pem")]
    assert [(one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) for one in found] == [(1, 2, 0o640), (1, 2, 0o644)]


def test_a_key_that_is_there_stays_as_it_is(machine: RealHost, tmp_path: Path) -> None:
    key = tmp_path / "a.key"
    key.write_bytes(new_key("rsa-2048"))
    before = (key.read_bytes(), key.stat().st_ino)
    issue(machine, issuing(tmp_path, None))
    first = (tmp_path / "a.pem").read_bytes()
    issue(machine, issuing(tmp_path, None))
    assert (key.read_bytes(), key.stat().st_ino) == before
    second = read_pair((tmp_path / "a.pem").read_bytes())
    assert second is not None
    assert second.public == read_key(before[0]).public
    assert (tmp_path / "a.pem").read_bytes() != first


@pytest.mark.parametrize("blocked", ["a.pem", "a.key"])
def test_where_one_file_cannot_be_replaced_neither_is(machine: RealHost, tmp_path: Path, blocked: str) -> None:
    issue(machine, issuing(tmp_path))
    (tmp_path / "other").hardlink_to(tmp_path / blocked)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UnavailableError, match=rf"{blocked}: expected a file with one name") as caught:
        issue(machine, issuing(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert "PRIVATE" not in str(caught.value)


def test_two_paths_that_lead_to_one_file_lose_nothing(machine: RealHost, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(InvalidError, match="leads to the same one"):
        issue(machine, issuing(tmp_path, path=f"{tmp_path}/real/a", key_path=f"{tmp_path}/link/a"))
    assert names_in(tmp_path / "real") == []


def point_elsewhere(key: Path) -> None:
    key.symlink_to("/etc/hostname")


def make_pipe(key: Path) -> None:
    os.mkfifo(key)


def write_junk(key: Path) -> None:
    key.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n")


def write_much(key: Path) -> None:
    key.write_bytes(new_key("ecdsa-p256") + b"\n" * 100_000_000)


@pytest.mark.parametrize("put", [point_elsewhere, make_pipe, write_junk, lambda _: None])
def test_what_is_no_key_when_it_is_needed_is_neither_followed_nor_told(
    put: Callable[[Path], object], machine: RealHost, tmp_path: Path
) -> None:
    put(tmp_path / "a.key")
    with pytest.raises((InvalidError, UnavailableError), match="a private key") as caught:
        issue(machine, issuing(tmp_path, None))
    assert "c2Vj" not in str(caught.value)
    assert not (tmp_path / "a.pem").exists()


def test_a_huge_file_in_the_place_of_the_key_is_not_read_whole(
    machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_much(tmp_path / "a.key")
    real, asked = os.read, []

    def watching(descriptor: int, count: int) -> bytes:
        asked.append(count)
        return real(descriptor, count)

    monkeypatch.setattr(os, "read", watching)
    issue(machine, issuing(tmp_path, None))
    assert max(asked) < 10_000


def test_a_symlink_in_the_place_of_either_is_replaced_and_not_followed(machine: RealHost, tmp_path: Path) -> None:
    for name in ("a.pem", "a.key"):
        (tmp_path / f"kept-{name}").write_text("kept")
        (tmp_path / name).symlink_to(f"kept-{name}")
    issue(machine, issuing(tmp_path))
    assert [(tmp_path / f"kept-{name}").read_text() for name in ("a.pem", "a.key")] == ["kept", "kept"]
    assert not (tmp_path / "a.key").is_symlink()


def test_an_image_gets_no_key(world: World) -> None:
    (world.root / "etc").mkdir()
    with pytest.raises(BlockedError, match="no private key is made in an image"):
        world.execute(issuing(Path("/etc")))
    assert names_in(world.root / "etc") == []


def test_an_ordinary_user_makes_its_own_and_gives_none_away(tmp_path: Path) -> None:
    needs_root("to become another user")
    open_to_all(tmp_path)
    os.chown(tmp_path, NOBODY, NOBODY)
    error = as_nobody(lambda: issue(RealHost(None), issuing(tmp_path, uid=0)))
    assert isinstance(error, UnavailableError)
    assert "expected to be root" in str(error)
    assert names_in(tmp_path) == []
    assert as_nobody(lambda: issue(RealHost(None), issuing(tmp_path))) is None
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def declared(folder: Path, **more: Any) -> dict[str, Any]:
    fields = {"path": f"{folder}/a.pem", "key_path": f"{folder}/a.key", "common_name": "www.example.com"}
    return {**fields, "issuer": "self-signed", **more}


def applied(folder: Path, *, dry_run: bool = False, **more: Any) -> ResourceResult:
    host = RealHost(None)
    resource = PlannedResource(id=ResourceId("a/a"), type="certificate", origin=ORIGIN, fields=declared(folder, **more))
    plan = Plan(entry=ORIGIN, match=("*",), scopes={"a": {}}, resources=(resource,))
    engine = Engine(host, Executors(host).execute, FakeClock(), kinds=resource_kinds())
    return engine.apply(plan, {}, {}, dry_run=dry_run)[0]


@pytest.mark.parametrize("step", range(1, 9))
def test_after_a_kill_at_any_step_the_next_run_has_both_and_nothing_is_left(step: int, tmp_path: Path) -> None:
    """The child dies before the given one of the calls that change the folder."""
    child = os.fork()
    if child == 0:
        left = [step]

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                left[0] -= 1
                if not left[0]:
                    os._exit(0)
                return real(*arguments, **options)

            return call

        for name in ("write", "fsync", "rename"):
            setattr(os, name, dying(getattr(os, name)))
        try:
            issue(RealHost(None), issuing(tmp_path))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    for path in tmp_path.glob("*a.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert applied(tmp_path).outcome == "changed"
    assert applied(tmp_path).outcome == "unchanged"
    assert names_in(tmp_path) == ["a.key", "a.pem"]


def test_a_result_tells_of_the_certificate_and_nothing_of_the_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    told = [
        applied(tmp_path, dry_run=True),
        applied(tmp_path),
        applied(tmp_path, new_key=True, days=30),
        applied(tmp_path),
    ]
    assert [one.outcome for one in told] == ["changed", "changed", "changed", "changed"]
    secret = (tmp_path / "a.key").read_text().splitlines()[1]
    text = repr(told) + caplog.text
    assert "www.example.com until" in text
    assert "PRIVATE" not in text
    assert secret not in text
