import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.agent.conftest import enrolled
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.link.enrolment import Enrolled, Wanted, enrol
from vigo.core.clock import SystemClock
from vigo.core.errors import (
    ConflictError,
    InvalidError,
    NotEnrolledError,
    UnauthenticatedError,
    UnavailableError,
    UsageError,
)
from vigo.testing.fake_pki import FakeCa
from vigo.testing.fake_server import FakeServer


def test_enrolling_yields_an_identity_that_stays(server: FakeServer, folder: IdentityFolder) -> None:
    identity = enrolled(folder, server, root="/srv/image")
    assert folder.load() == identity
    assert identity.hostname == "web-1"
    assert identity.root == "/srv/image"
    assert identity.envoy in server.keys
    assert identity.grpc_addresses == (f"127.0.0.1:{server.grpc_port}",)
    assert server.keys[identity.envoy].public == folder.signing_key().public


def test_everything_in_the_identity_is_for_its_owner_alone(server: FakeServer, folder: IdentityFolder) -> None:
    enrolled(folder, server)
    for path in [folder.state_dir, *folder.state_dir.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    assert sorted(path.name for path in (folder.state_dir / "identity").iterdir()) == [
        "ca.pem",
        "identity.json",
        "signing.key",
        "tls.pem",
    ]


def test_a_certificate_is_due_for_renewal_at_two_thirds_of_its_life(server: FakeServer, folder: IdentityFolder) -> None:
    server.certificate_life = timedelta(days=90)
    identity = enrolled(folder, server)
    assert identity.certificate_expires_at - identity.certificate_renew_at == timedelta(days=30)


def test_what_is_no_fingerprint_is_refused_before_anything_is_sent(folder: IdentityFolder, server: FakeServer) -> None:
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        enrolled(folder, server, ca_sha256="abc")


def test_another_ca_is_refused_with_both_fingerprints_and_the_token_is_not_sent(
    server: FakeServer, folder: IdentityFolder
) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        enrolled(folder, server, ca_sha256="0" * 64)
    assert "0" * 64 in str(caught.value)
    assert server.ca.sha256 in str(caught.value)
    assert server.keys == {}
    with pytest.raises(NotEnrolledError):
        folder.load()


def test_a_server_with_the_right_ca_file_and_a_foreign_certificate_gets_no_token(folder: IdentityFolder) -> None:
    genuine, impostor = FakeCa(), FakeServer()
    impostor.enrol = lambda _request: pytest.fail("the token was sent")  # type: ignore[method-assign]
    context = impostor.ca
    with impostor:
        impostor.ca = genuine
        with pytest.raises(UnavailableError, match="pinned CA signed"):
            enrolled(folder, impostor)
        impostor.ca = context


def test_a_refused_token_shows_what_the_server_says(server: FakeServer, folder: IdentityFolder) -> None:
    with pytest.raises(UnauthenticatedError, match="expected a token that is in force"):
        enrolled(folder, server, token="bad")


def test_an_interrupted_enrolment_goes_on_with_the_same_keys(
    server: FakeServer, folder: IdentityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(IdentityFolder, "complete", lambda *_arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            enrolled(folder, server)
    (envoy,) = server.keys
    assert enrolled(folder, server).envoy == envoy
    assert list(server.keys) == [envoy]


def test_a_kill_before_the_last_rename_is_an_enrolment(server: FakeServer, folder: IdentityFolder) -> None:
    identity = enrolled(folder, server)
    (folder.state_dir / "identity").rename(folder.state_dir / "identity.pending")
    assert folder.load() == identity


def test_enrolling_again_with_the_same_arguments_is_as_good_as_once(server: FakeServer, folder: IdentityFolder) -> None:
    first = enrolled(folder, server)
    again = enrol(folder, SystemClock(), Wanted(server.url, server.ca.sha256, "WEB-1.", "another"))
    assert isinstance(again, Enrolled)
    assert again.was_there
    assert again.identity == first


@pytest.mark.parametrize("change", [{"hostname": "web-2"}, {"root": "/other"}, {"server_url": "https://other:8443"}])
def test_enrolling_as_another_needs_force(server: FakeServer, folder: IdentityFolder, change: dict[str, str]) -> None:
    first = enrolled(folder, server)
    with pytest.raises(ConflictError, match="--force"):
        enrolled(folder, server, **change)
    assert folder.load() == first


def test_force_makes_a_new_identity_and_keeps_the_former_aside(server: FakeServer, folder: IdentityFolder) -> None:
    first = enrolled(folder, server)
    second = enrolled(folder, server, force=True)
    assert second.envoy != first.envoy
    assert folder.load() == second
    assert (folder.state_dir / "identity.replaced-1" / "identity.json").exists()


def test_nobody_there_is_told_with_what_to_do(folder: IdentityFolder, server: FakeServer) -> None:
    server.stop()
    with pytest.raises(UnavailableError, match="nothing listens there"):
        enrolled(folder, server)
    with pytest.raises(UnavailableError, match="cannot be resolved"):
        enrolled(folder, server, server_url="https://nowhere.invalid:8443")


@pytest.mark.parametrize("url", ["http://host:1", "https://host:99999", "https://", "ftp://host", "https://user@host"])
def test_what_is_no_https_address_is_a_usage_error(folder: IdentityFolder, server: FakeServer, url: str) -> None:
    with pytest.raises(UsageError):
        enrolled(folder, server, server_url=url)


@pytest.mark.parametrize(
    ("days", "told"), [(1, "is not yet valid"), (-200, "has expired")], ids=["clock behind", "clock ahead"]
)
def test_a_clock_that_is_off_is_explained(folder: IdentityFolder, server: FakeServer, days: int, told: str) -> None:
    server.stop()
    server.certificate_begins_at = datetime.now(UTC) + timedelta(days=days)
    server.start()
    with pytest.raises(UnavailableError, match=told) as caught:
        enrolled(folder, server)
    assert "this machine's clock says" in str(caught.value)
    assert "timedatectl" in str(caught.value)


def test_a_server_under_another_name_is_explained(folder: IdentityFolder, server: FakeServer) -> None:
    server.stop()
    server.names = ("elsewhere.example.com",)
    server.start()
    with pytest.raises(UnavailableError, match="for another name"):
        enrolled(folder, server)


def test_a_huge_answer_is_not_taken(folder: IdentityFolder, server: FakeServer) -> None:
    server.ca = type("Huge", (), {"pem": "x" * 1_000_000, "sha256": "0" * 64})()
    with pytest.raises(InvalidError, match="found more"):
        enrolled(folder, server)


def test_a_certificate_of_another_ca_is_not_stored(folder: IdentityFolder, server: FakeServer) -> None:
    foreign = FakeCa()
    genuine = server.ca

    class Mixed:
        pem, sha256 = genuine.pem, genuine.sha256
        client_pem = staticmethod(foreign.client_pem)

    server.ca = Mixed()  # type: ignore[assignment]
    with pytest.raises(UnauthenticatedError, match="pinned CA signed"):
        enrolled(folder, server)
    with pytest.raises(NotEnrolledError):
        folder.load()


def test_proxies_are_ignored(folder: IdentityFolder, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert enrolled(folder, server).hostname == "web-1"


def test_a_state_folder_that_is_a_file_is_told(tmp_path: Path, server: FakeServer) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(UnavailableError, match="--state-dir"):
        enrolled(IdentityFolder(tmp_path / "state"), server)
