import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, ssh_key_fingerprint
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.host_keys import HostKey, parse_public_key

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIJzz7pYbCwGxNVw9QzDiOvcT0mOLo8uaXSxHEWHEzqZ0"


def test_the_fingerprint_is_what_another_library_computes() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32).public_key()
    text = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    other = base64.b64encode(ssh_key_fingerprint(key, SHA256())).decode().rstrip("=")
    assert parse_public_key(f"{text} root@web-1\n") == HostKey("ssh-ed25519", f"SHA256:{other}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519\n",
        f"ssh-rsa {ED25519}\n",
        f"ssh-ed25519 {ED25519[:-3]}\n",
        "ssh-ed25519 Ä\n",
        "ssh-ed25519 ====\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n",
    ],
)
def test_what_is_no_public_key_has_no_fingerprint(text: str) -> None:
    assert parse_public_key(text) is None


@given(st.from_regex(r"[a-z0-9@.-]{1,64}", fullmatch=True), st.binary(max_size=200), st.text())
def test_any_key_that_repeats_its_type_is_read(name: str, body: bytes, comment: str) -> None:
    content = len(name).to_bytes(4, "big") + name.encode() + body
    text = f"{name} {base64.b64encode(content).decode()} {comment}"
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    assert parse_public_key(text) == HostKey(name, f"SHA256:{digest}")


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_public_key(text)
