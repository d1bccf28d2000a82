import importlib
import os
import ssl
import stat
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509

from tests.agent.host.conftest import World
from vigo.agent.host import acme_session, obtain_certificate
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.key_pairs import read_key, read_pair
from vigo.catalog.formats.self_signed import KeyType, new_key, self_signed
from vigo.catalog.ops.obtain_certificate import CHALLENGES, ObtainCertificate
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, UnavailableError
from vigo.testing.tools.certificates import signed_by_authority

NAMES = ("www.example.com", "example.com")
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
NOW = datetime.now(UTC).replace(microsecond=0)
LIFE = timedelta(days=90)

Sign = Callable[[bytes], bytes]


class Authority:
    """Stands for the conversation with one: what was shown to it, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self.webroot = folder / "www" / CHALLENGES
        self.webroot.mkdir(parents=True)
        self.token = TOKEN
        self.seen: list[tuple[str, int]] = []
        self.accounts: set[bytes] = set()
        self.fault: Exception | None = None
        self.names = NAMES
        self.key = b""

    def obtained(
        self, url: str, account_key: bytes, request_pem: bytes, tls: ssl.SSLContext, serve: acme_session.Serve
    ) -> bytes:
        assert url == "https://acme.example/dir?x=1"
        assert x509.load_pem_x509_csr(request_pem).is_signature_valid
        assert tls.verify_mode == ssl.CERT_REQUIRED
        assert tls.check_hostname
        self.accounts.add(account_key)
        with ExitStack() as stack:
            serve(self.token, "text", stack)
            self.seen = [(path.read_text(), stat.S_IMODE(path.stat().st_mode)) for path in self.webroot.iterdir()]
            if self.fault is not None:
                raise self.fault
        return signed_by_authority(self.key, self.names, NOW, LIFE)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    given = Authority(tmp_path)
    given.key = new_key("ecdsa-p256")
    (tmp_path / "a.key").write_bytes(given.key)
    monkeypatch.setattr(obtain_certificate, "obtained", given.obtained)
    monkeypatch.setattr(obtain_certificate, "library", lambda: None)
    return given


def obtaining(folder: Path, key_type: KeyType | None = None, **more: Any) -> ObtainCertificate:
    fields = {
        "path": f"{folder}/a.pem",
        "key_path": f"{folder}/a.key",
        "names": NAMES,
        "directory_url": "https://acme.example/dir?x=1",
        "webroot": f"{folder}/www",
        "account_path": f"{folder}/account",
        "key_type": key_type,
    }
    return ObtainCertificate(**{**fields, **more})


def obtain(op: ObtainCertificate) -> None:
    Executors(RealHost(None)).execute(op)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_name_is_shown_for_as_long_as_it_takes_and_the_certificate_takes_its_place(
    authority: Authority, tmp_path: Path
) -> None:
    obtain(obtaining(tmp_path))
    found = read_pair((tmp_path / "a.pem").read_bytes())
    assert found is not None
    assert found.public == read_key(authority.key).public
    assert authority.seen == [("text", 0o644)]
    assert names_in(authority.webroot) == []
    assert (tmp_path / "a.key").read_bytes() == authority.key
    assert names_in(tmp_path) == ["a.key", "a.pem", "account", "www"]


def test_one_account_is_made_for_its_owner_alone_and_kept(authority: Authority, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        obtain(obtaining(tmp_path))
        obtain(obtaining(tmp_path))
    finally:
        os.umask(before)
    assert authority.accounts == {(tmp_path / "account").read_bytes()}
    assert stat.S_IMODE((tmp_path / "account").stat().st_mode) == 0o600
    assert read_key((tmp_path / "account").read_bytes()).public != read_key(authority.key).public


def test_another_file_in_the_place_of_the_account_is_left(authority: Authority, tmp_path: Path) -> None:
    for content in (b"mine", new_key("rsa-2048")):
        (tmp_path / "account").write_bytes(content)
        with pytest.raises(InvalidError):
            obtain(obtaining(tmp_path))
        assert (tmp_path / "account").read_bytes() == content
    assert authority.accounts == set()


@pytest.mark.parametrize("fault", [BlockedError("no"), TimedOutError("late"), OSError(28, "full")])
def test_where_nobody_signs_all_stays_and_nothing_is_shown_any_more(
    authority: Authority, tmp_path: Path, fault: Exception
) -> None:
    authority.fault = fault
    (tmp_path / "a.pem").write_text("former")
    with pytest.raises((BlockedError, TimedOutError)):
        obtain(obtaining(tmp_path, "ecdsa-p384"))
    assert (tmp_path / "a.pem").read_text() == "former"
    assert (tmp_path / "a.key").read_bytes() == authority.key
    assert names_in(authority.webroot) == []


def test_names_that_were_refused_are_asked_for_again_after_a_while(authority: Authority, tmp_path: Path) -> None:
    authority.fault = BlockedError("no such name")
    with pytest.raises(BlockedError, match=r"no such name$"):
        obtain(obtaining(tmp_path))
    authority.fault, authority.seen = None, []
    with pytest.raises(
        BlockedError, match=r"no such name; the authority is asked again in 15 min \(or once .* removed"
    ):
        obtain(obtaining(tmp_path))
    assert authority.seen == []
    (refusal,) = tmp_path.glob("*.refused")
    assert stat.S_IMODE(refusal.stat().st_mode) == 0o600
    long_ago = refusal.stat().st_mtime - obtain_certificate.PAUSE.total_seconds()
    os.utime(refusal, (long_ago, long_ago))
    obtain(obtaining(tmp_path))
    assert names_in(tmp_path) == ["a.key", "a.pem", "account", "www"]


def test_other_names_are_not_kept_waiting_nor_is_anybody_by_a_clock_that_went_back(
    authority: Authority, tmp_path: Path
) -> None:
    authority.fault = BlockedError("no")
    with pytest.raises(BlockedError):
        obtain(obtaining(tmp_path, names=("other.example.com",)))
    authority.fault = None
    obtain(obtaining(tmp_path))
    (refusal,) = tmp_path.glob("*.refused")
    authority.names = ("other.example.com",)
    os.utime(refusal, (refusal.stat().st_mtime + 9999, refusal.stat().st_mtime + 9999))
    obtain(obtaining(tmp_path, names=("other.example.com",)))


def test_a_certificate_that_ends_soon_or_that_nobody_signed_replaces_nothing(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain_certificate, "PAUSE", timedelta(0))
    old = signed_by_authority(authority.key, NAMES, NOW - LIFE, LIFE + timedelta(days=1))
    for chain, reason in ((old, "expected a certificate that lasts"), (own_of(authority.key), "found another")):
        monkeypatch.setattr(obtain_certificate, "obtained", lambda *_, given=chain: given)
        with pytest.raises(UnavailableError, match=reason):
            obtain(obtaining(tmp_path))
    assert not (tmp_path / "a.pem").exists()


def test_what_was_signed_and_found_no_place_is_not_signed_again_at_once(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(obtain_certificate, "place_pair", full)
    for reason in ("No space left", "asked again in 15 min"):
        with pytest.raises(BlockedError, match=reason):
            obtain(obtaining(tmp_path))
    assert len(authority.accounts) == 1


def own_of(key: bytes) -> bytes:
    return self_signed(key, NAMES, NOW, NOW + LIFE)


def test_a_certificate_for_another_key_or_other_names_replaces_nothing(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain_certificate, "PAUSE", timedelta(0))
    authority.names = ("www.example.com",)
    with pytest.raises(UnavailableError, match="found another"):
        obtain(obtaining(tmp_path))
    authority.names = NAMES
    with pytest.raises(UnavailableError, match="found another"):
        obtain(obtaining(tmp_path, "ecdsa-p256"))
    assert not (tmp_path / "a.pem").exists()
    assert (tmp_path / "a.key").read_bytes() == authority.key


@pytest.mark.parametrize("token", ["", "short", "../../../etc/cron.d/aaaaaaaaaaaaaaaaaaaa", TOKEN + "\n", "a" * 300])
def test_a_token_of_the_authority_names_no_other_file(authority: Authority, tmp_path: Path, token: str) -> None:
    authority.token = token
    with pytest.raises(UnavailableError, match="expected a token"):
        obtain(obtaining(tmp_path))
    assert [name for name in names_in(tmp_path) if not name.endswith(".refused")] == ["a.key", "account", "www"]


def test_nothing_is_asked_where_the_result_would_find_no_place(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").hardlink_to(tmp_path / "a.key")
    with pytest.raises(UnavailableError, match="expected a file with one name"):
        obtain(obtaining(tmp_path, "ecdsa-p256"))
    with pytest.raises(UnavailableError, match="expected its directory"):
        obtain(obtaining(tmp_path, path=f"{tmp_path}/none/a.pem"))
    assert authority.accounts == set()


def test_authorities_that_are_declared_are_needed(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="ca_path: expected the file"):
        obtain(obtaining(tmp_path, ca_path=f"{tmp_path}/ca.pem"))
    (tmp_path / "ca.pem").write_text("junk")
    with pytest.raises(InvalidError, match="ca_path: expected certificates"):
        obtain(obtaining(tmp_path, ca_path=f"{tmp_path}/ca.pem"))
    assert authority.accounts == set()


def test_an_image_is_shown_to_nobody(world: World, authority: Authority) -> None:
    with pytest.raises(BlockedError, match="in an image"):
        world.execute(obtaining(Path("/etc")))
    assert authority.accounts == set()


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(BlockedError, match=r"acme.client is missing; install vigo\[acme\]"):
        acme_session.library()


def test_the_summary_names_the_host_alone() -> None:
    op = obtaining(Path("/etc"), "rsa-2048")
    assert op.summary() == "obtain certificate /etc/a.pem from acme.example with a new key /etc/a.key"
    assert set(op.paths()) == {"/etc/a.pem", "/etc/a.key", "/etc/account", f"/etc/www/{CHALLENGES}"}
