"""Every parser of foreign bytes gives a value or one of Vigo's own errors, whatever it is given."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.conftest import FUZZ
from tests.fuzz.messages import readers, samples
from tests.fuzz.mutations import mutated
from vigo.agent.identity import tls
from vigo.agent.identity.identity import Identity
from vigo.core.bundle import SignedBundle, _message, open_bundle, seal
from vigo.core.encoding import NOT_DECODED, decode, digest, encode
from vigo.core.enrolment import EnrolRequest, ReturnRequest
from vigo.core.errors import VigoError
from vigo.core.ids import EnvoyId, GenerationNumber
from vigo.core.orders import SignedOrder, opened
from vigo.core.plan import Origin, Plan
from vigo.core.scrier import ScrierOrder
from vigo.core.sealing import Reader
from vigo.core.sealing import seal as seal_value
from vigo.core.signing import SigningKey, VerifyKey, framed
from vigo.core.task import TASK_CONTEXT, TaskOrder
from vigo.core.traits import pack_traits, unpack_traits, unpacked_bytes
from vigo.core.trust import SignedTrust, open_trust
from vigo.core.wire.secret_messages import Resolved
from vigo.server.features.certificates.service import _requested_names
from vigo.server.platform.auth.bearer import bearer_token
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key
from vigo.server.platform.pki.requests import requested_key
from vigo.server.platform.rpc.framing import MessageReader, frame
from vigo.server.platform.rpc.peer import identify
from vigo.server.platform.rpc.status import UnimplementedError
from vigo.server.platform.settings.load import load_settings
from vigo.testing.clock import FakeClock

KEY = SigningKey(b"k" * 32)
PUBLIC = VerifyKey(KEY.public)
READER = Reader()
NOW = datetime(2026, 11, 27, tzinfo=UTC)
AUTHORITY_KEY = new_key()
AUTHORITY = Authority(AUTHORITY_KEY, ca_certificate(AUTHORITY_KEY, NOW, "CA"), FakeClock(NOW))
CSR = tls.signing_request(new_key(), "web-1")
CERTIFICATE = AUTHORITY.issue_envoy(
    requested_key(CSR), EnvoyId("6f1c0e9a-4b7d-4f0a-9a53-2f6de1c8b7a4"), "web-1", timedelta(days=1)
).pem
PLAN = Plan(entry=Origin("envoys.vgo", 2), match=("*",), environment="test", roles=("web",), resources=())
BUNDLE = seal(PLAN, GenerationNumber(1), NOW, KEY)
TRAITS = pack_traits({"os": {"family": "debian", "version": 12}, "network": {"hostname": "web-1"}})
IDENTITY = b'{"envoy":"6f1c0e9a-4b7d-4f0a-9a53-2f6de1c8b7a4","hostname":"web-1","server_url":"https://x:1"}'


def _bundle(data: bytes) -> object:
    """Open what a policy key signed, so that what lies behind the signature is reached."""
    content = digest(data)
    message = _message(content, 1, NOW, data)
    bent = SignedBundle(
        digest=content,
        generation=GenerationNumber(1),
        not_after=NOW,
        compressed_plan=data,
        signature=KEY.sign(message),
    )
    return open_bundle(bent, (PUBLIC,))


def _plan(data: bytes) -> object:
    return decode(data, Plan)


def _order(data: bytes) -> object:
    return opened(SignedOrder(data, KEY.sign(framed(TASK_CONTEXT, data))), TASK_CONTEXT, TaskOrder, (PUBLIC,))


def _scrier_order(data: bytes) -> object:
    return decode(data, ScrierOrder)


def _trust(data: bytes) -> object:
    return open_trust(SignedTrust(data, KEY.sign(framed(b"vigo trust v1", data))), (PUBLIC,))


def _resolved(data: bytes) -> object:
    return Resolved.from_bytes(data, READER, b"request", EnvoyId("x"))


def _sealed(data: bytes) -> object:
    return READER.open(data, b"context")


def _csr(data: bytes) -> object:
    text = data.decode(errors="replace")
    return requested_key(text), _requested_names(text)


def _certificate(data: bytes) -> object:
    text = data.decode(errors="replace")
    return tls.is_issued_by(data, AUTHORITY.pem), identify.__wrapped__(text)


def _header(data: bytes) -> object:
    return bearer_token([(b"authorization", data)])


def _settings(data: bytes) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.yaml"
        path.write_bytes(data)
        return load_settings(path)


def _frames(data: bytes) -> object:
    events = [{"type": "http.request", "body": data[at : at + 7], "more_body": True} for at in range(0, len(data), 7)]
    events.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return events.pop(0)

    try:
        return asyncio.run(MessageReader(receive, 1 << 16).read_only())
    except UnimplementedError:  # it is told with a status of its own
        return None


def _json(kind: type) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        try:
            return msgspec.json.decode(data, type=kind)
        except NOT_DECODED:  # what the routes, and the agent, take for a wrong body
            return None

    return read


CASES: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    **{name: (read, samples()) for name, read in readers()},
    "bundle": (_bundle, [BUNDLE.compressed_plan]),
    "plan": (_plan, [encode(PLAN)]),
    "task order": (_order, [encode({"task": "x", "envoy": "y", "command": "z"})]),
    "scrier order": (_scrier_order, [encode({"scrier": "x", "envoy": "y"})]),
    "trust": (_trust, [b'{"version":1,"issued_at":"2026-11-27T00:00:00Z","ca_pem":"x","policy_keys":["00"]}']),
    "resolved secrets": (_resolved, samples()),
    "sealed value": (_sealed, [seal_value(b"x", READER.keys, b"context")]),
    "signing request": (_csr, [CSR.encode()]),
    "certificate": (_certificate, [CERTIFICATE.encode(), AUTHORITY.pem.encode()]),
    "traits": (unpack_traits, [TRAITS]),
    "size of traits": (unpacked_bytes, [TRAITS]),
    "authorization": (_header, [b"Bearer vigo-x", b"bearer  y"]),
    "server.yaml": (_settings, [b"check_in_interval: 5m\npublic_addresses: [a, b:1]\nlog_level: info\n"]),
    "gRPC frames": (_frames, [frame(b"message"), frame(b"") + frame(b"x")]),
    "enrolment": (_json(EnrolRequest), [b'{"hostname":"a","csr_pem":"b","signing_key":"c","signature":"d"}']),
    "return": (_json(ReturnRequest), [b'{"envoy":"a","server":"b","sequence":1,"csr_pem":"","signature":""}']),
    "identity": (_json(Identity), [IDENTITY]),
}


def test_the_readers_of_messages_are_found() -> None:
    assert {"SignedRequest.from_bytes", "run_from_bytes", "ResolveSecrets.from_bytes"} <= set(CASES)


@pytest.mark.parametrize("name", CASES)
@FUZZ
@given(data=st.data())
def test_whatever_comes_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    read, known = CASES[name]
    content = data.draw(mutated(known))
    with suppress(VigoError):
        read(content)


def test_a_parser_that_fails_otherwise_would_be_found() -> None:
    def wrong(data: bytes) -> int:
        return data[3]

    @FUZZ
    @given(content=mutated([b"abcdef"]))
    def attack(content: bytes) -> None:
        wrong(content)

    with pytest.raises(IndexError):
        attack()
