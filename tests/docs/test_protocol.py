"""docs/protocol.md: its vectors hold for a library that is not ours, and the code makes the same."""

import hashlib
import json
import re
import struct
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.gates.tree import text
from vigo.core import errors, signing
from vigo.core.bundle import SignedBundle, open_bundle
from vigo.core.enrolment import EnrolRequest, ReturnRequest
from vigo.core.errors import DamagedError, VigoError
from vigo.core.ids import Digest, EnvoyId, GenerationNumber, ServerId, SessionId
from vigo.core.orders import SignedOrder
from vigo.core.signing import SignedFields, VerifyKey, framed
from vigo.core.task import open_order
from vigo.core.trust import SignedTrust, open_trust
from vigo.core.wire.messages import Methods
from vigo.server.platform.rpc.peer import ENVOY_URI

PAGE = text("docs/protocol.md")
SEED, PUBLIC = re.findall(r"`([0-9a-f]{64})`", PAGE.partition("## Test vectors")[2])[:2]


class Vector(NamedTuple):
    context: str
    parts: tuple[bytes, ...]
    signature: bytes

    def signed(self) -> bytes:
        """Return what is signed, by the words of the page and none of our code."""
        every = (self.context.encode(), *self.parts)
        return b"".join(struct.pack(">I", len(part)) + part for part in every)


def vector(block: str) -> Vector:
    found = json.loads(block)
    parts = tuple(bytes.fromhex(one["hex"]) if "hex" in one else one["text"].encode() for one in found["parts"])
    return Vector(found["context"], parts, bytes.fromhex(found["signature"]))


VECTORS = [vector(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("found", VECTORS, ids=lambda one: one.context)
def test_a_vector_holds_for_another_library(found: Vector) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    assert key.public_key().public_bytes_raw().hex() == PUBLIC
    assert key.sign(found.signed()) == found.signature
    assert found.signed() == framed(found.context.encode(), *found.parts)


def test_there_is_one_of_each_kind_but_for_what_has_the_same_form() -> None:
    contexts = {value.decode() for name, value in vars(signing).items() if name.endswith("_CONTEXT")}
    assert {found.context for found in VECTORS} | {"vigo scrier v1"} == contexts
    for context in contexts:
        assert f'"{context}"' in PAGE


def test_the_code_takes_each_vector_as_what_it_is() -> None:
    key = VerifyKey(bytes.fromhex(PUBLIC))
    check_in, hello, enrolment, former, returning, bundle, task, trust = VECTORS
    for found in (check_in, hello):
        method, server, session, envoy, sequence, body = found.parts
        number = struct.unpack(">Q", sequence)[0]
        names = (ServerId(server.decode()), SessionId(session.decode()), EnvoyId(envoy.decode()))
        key.verify_request(SignedFields(method.decode(), *names, number, body), found.signature)
    token, hostname, request, public = enrolment.parts
    assert hashlib.sha256(b"vigo-enrol-EXAMPLE").hexdigest().encode() == token
    asked = EnrolRequest(
        token="vigo-enrol-EXAMPLE",
        hostname=hostname.decode(),
        csr_pem=request.decode(),
        signing_key=public.decode(),
        signature=enrolment.signature.hex(),
    )
    key.verify(asked.signed_message(), enrolment.signature)
    envoy_id, message = former.parts
    anew = msgspec.structs.replace(asked, former=envoy_id.decode())
    assert (anew.signed_message(), anew.former_message()) == (message, former.signed())
    server_id, returned, sequence, csr = returning.parts
    back = ReturnRequest(
        envoy=returned.decode(),
        server=server_id.decode(),
        sequence=struct.unpack(">Q", sequence)[0],
        csr_pem=csr.decode(),
        signature="",
    )
    assert back.signed_message() == returning.signed()
    digest, numbers, plan = bundle.parts
    generation, end = struct.unpack(">Qq", numbers)
    sealed = SignedBundle(
        digest=Digest(digest.decode()),
        generation=GenerationNumber(generation),
        not_after=datetime.fromtimestamp(end, UTC),
        compressed_plan=plan,
        signature=bundle.signature,
    )
    with pytest.raises(DamagedError, match="expected a zstd frame"):  # behind the signature, which holds
        open_bundle(sealed, (key,))
    assert open_trust(SignedTrust(trust.parts[0], trust.signature), (key,)).version == 1
    with pytest.raises(DamagedError, match="TaskOrder"):
        open_order(SignedOrder(task.parts[0], task.signature), (key,))


def test_the_page_names_each_method_and_codes_that_there_are() -> None:
    assert re.findall(r"^\| `(/vigo\.v1\.Agent/\w+)` \|", PAGE, re.MULTILINE) == list(Methods.ALL)
    assert f"`{ENVOY_URI}UUID`" in PAGE
    codes = {one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, VigoError)}
    section = PAGE.partition("| code |")[2].partition("## ")[0]
    named = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
    assert named
    assert set(named) <= codes
