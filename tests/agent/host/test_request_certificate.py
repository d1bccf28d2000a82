from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.key_pairs import read_key, read_pair
from vigo.catalog.ops.request_certificate import RequestCertificate
from vigo.core.clock import SystemClock
from vigo.core.errors import BlockedError, ForbiddenError, TimedOutError, UnavailableError, VigoError
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key
from vigo.server.platform.pki.requests import requested_key

NAMES = ("www.example.com", "192.0.2.7")


class Signer:
    """The service CA, as far as a machine sees it."""

    def __init__(self) -> None:
        key = new_key()
        now = SystemClock().now()
        self.authority = Authority(key, ca_certificate(key, now, "Vigo service CA 1"), SystemClock())
        self.asked: list[int] = []
        self.names: tuple[str, ...] = NAMES
        self.problem: VigoError | None = None

    def __call__(self, csr_pem: str, days: int) -> str:
        self.asked.append(days)
        if self.problem is not None:
            raise self.problem
        key = requested_key(csr_pem, is_service=True)
        return self.authority.issue_service(key, self.names, timedelta(days=days)).pem + self.authority.pem


def requesting(folder: Path, **more: Any) -> RequestCertificate:
    fields: dict[str, Any] = {"path": f"{folder}/a.pem", "key_path": f"{folder}/a.key", "key_type": "ecdsa-p384"}
    return RequestCertificate(**{"names": NAMES, "days": 30, **fields, **more})


@pytest.fixture
def signer(machine: RealHost) -> Signer:
    machine.authority = Signer()
    return machine.authority


def test_the_pair_takes_its_place_with_the_ca_behind_it(machine: RealHost, signer: Signer, tmp_path: Path) -> None:
    Executors(machine).execute(requesting(tmp_path))
    content, key = (tmp_path / "a.pem").read_bytes(), (tmp_path / "a.key").read_bytes()
    found = read_pair(content)
    assert found is not None
    assert (found.names, found.public) == (frozenset(NAMES), read_key(key).public)
    assert content.count(b"BEGIN CERTIFICATE") == 2
    assert signer.asked == [30]
    Executors(machine).execute(requesting(tmp_path, key_type=None))
    assert (tmp_path / "a.key").read_bytes() == key
    assert (tmp_path / "a.pem").read_bytes() != content


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (UnavailableError("no route"), BlockedError),
        (TimedOutError("too slow"), BlockedError),
        (ForbiddenError("not your name"), ForbiddenError),
    ],
)
def test_what_the_server_says_is_told_and_nothing_is_replaced(
    machine: RealHost, signer: Signer, tmp_path: Path, problem: VigoError, expected: type[VigoError]
) -> None:
    (tmp_path / "a.pem").write_text("former")
    signer.problem = problem
    with pytest.raises(expected, match=str(problem)):
        Executors(machine).execute(requesting(tmp_path))
    assert (tmp_path / "a.pem").read_text() == "former"
    assert not (tmp_path / "a.key").exists()


def test_a_certificate_for_other_names_replaces_nothing(machine: RealHost, signer: Signer, tmp_path: Path) -> None:
    signer.names = ("other.example.com",)
    with pytest.raises(UnavailableError, match="expected a certificate for this key and these names"):
        Executors(machine).execute(requesting(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_a_server_it_waits(machine: RealHost, tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="found none in this run"):
        Executors(machine).execute(requesting(tmp_path))


def test_where_it_could_not_be_put_nobody_is_asked(machine: RealHost, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "a.pem").mkdir()
    with pytest.raises(VigoError):
        Executors(machine).execute(requesting(tmp_path))
    assert signer.asked == []
