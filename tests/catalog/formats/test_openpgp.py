import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.openpgp import (
    armoured_key,
    binary_key,
    fingerprints_of,
    locally_signed,
    normalised_fingerprint,
)
from vigo.catalog.formats.repository_keys import in_form, is_known, require_known
from vigo.core.errors import InvalidError

# The sample key of version 4 and its fingerprint. Source: RFC 9580, A.1.
V4 = base64.b64decode("mDMEU/NfCxYJKwYBBAHaRw8BAQdAPwmJlL3ZFu1AUxl5NOSofIBzOhKA1i+AEJkuQ+47JAY=")
V4_PRINT = "C959BDBAFA32A2F89A153B678CFDE12197965A9A"
# The first packet of the sample certificate of version 6. Source: RFC 9580, A.3.
V6 = base64.b64decode("xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laM=")
V6_PRINT = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"

BODIES = st.binary(min_size=0, max_size=300)


def packet(tag: int, body: bytes, form: int = 0) -> bytes:
    """Return a packet with its length in one of the ways that there are."""
    if form == 1:
        return bytes([0x80 | tag << 2 | 1]) + len(body).to_bytes(2, "big") + body
    if form == 2:
        return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body
    if len(body) < 192:
        return bytes([0xC0 | tag, len(body)]) + body
    size = len(body) - 192
    return bytes([0xC0 | tag, 192 + (size >> 8), size & 0xFF]) + body


@pytest.mark.parametrize(("key", "wanted"), [(V4, V4_PRINT), (V6, V6_PRINT)])
def test_the_samples_of_the_standard_have_its_fingerprints(key: bytes, wanted: str) -> None:
    assert fingerprints_of(key) == (wanted,)
    assert fingerprints_of(armoured_key(key).encode()) == (wanted,)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for key in (data, b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + data + b"\n-----END PGP PUBLIC KEY BLOCK-----"):
        for read in (fingerprints_of, locally_signed, binary_key):
            with suppress(InvalidError):
                read(key)


@given(st.binary(min_size=1, max_size=500).filter(lambda data: not data.lstrip().startswith(b"-----")))
def test_armour_is_put_on_and_taken_off(data: bytes) -> None:
    assert binary_key(armoured_key(data).encode()) == data
    assert binary_key(armoured_key(data).replace("\n", "\r\n").encode()) == data
    twice = armoured_key(data) + "text between\n" + armoured_key(data)
    assert binary_key(twice.encode()) == data + data


@given(BODIES, st.sampled_from([0, 1, 2]))
def test_the_way_in_which_a_length_is_written_changes_no_fingerprint(body: bytes, form: int) -> None:
    assert fingerprints_of(packet(6, b"\x04" + body, form)) == fingerprints_of(packet(6, b"\x04" + body))


@given(BODIES, BODIES, st.sampled_from([2, 13, 14, 17]))
def test_every_primary_key_counts_and_nothing_else_does(first: bytes, second: bytes, between: int) -> None:
    ring = packet(6, b"\x04" + first) + packet(between, second) + packet(6, b"\x06" + second)
    assert fingerprints_of(ring) == (
        *fingerprints_of(packet(6, b"\x04" + first)),
        *fingerprints_of(packet(6, b"\x06" + second)),
    )


@given(st.integers(1, len(V4) - 1))
def test_a_key_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(InvalidError):
        fingerprints_of(V4[:length])


def test_a_secret_key_an_old_one_and_none_are_refused() -> None:
    for key, told in (
        (packet(5, b"\x04abc"), "secret"),
        (packet(6, b"\x04abc") + packet(7, b"\x04abc"), "secret"),
        (packet(6, b"\x03abc"), "version 3"),
        (packet(6, b""), "version 0"),
        (packet(2, b"x"), "found none"),
        (b"", "found none"),
    ):
        with pytest.raises(InvalidError, match=told):
            fingerprints_of(key)


def test_armour_whose_checksum_fails_or_that_is_no_base64_is_refused() -> None:
    whole = armoured_key(V4)
    at = whole.index("mDME")
    for broken in (whole[:at] + "mDMF" + whole[at + 4 :], whole.replace("mDME", "mD*E"), whole[:-40]):
        with pytest.raises(InvalidError):
            fingerprints_of(broken.encode())


def test_armour_without_a_checksum_is_taken_and_headers_are_passed_over() -> None:
    lines = [line for line in armoured_key(V4).split("\n") if not line.startswith("=")]
    lines[1:2] = ["Comment: mine", "Version: 1", ""]
    assert fingerprints_of("\n".join(lines).encode()) == (V4_PRINT,)


def test_a_fingerprint_is_written_in_several_ways() -> None:
    for text in (V4_PRINT.lower(), "C959 BDBA FA32 A2F8 9A15  3B67 8CFD E121 9796 5A9A", f"0x{V4_PRINT}"):
        assert normalised_fingerprint(text) == V4_PRINT


def test_a_second_key_beside_the_known_one_is_refused() -> None:
    require_known(V4, [V4_PRINT], "binary")
    assert is_known(V4 + V6, [V6_PRINT, V4_PRINT], "armour")
    assert not is_known(V4 + V6, [V4_PRINT], "binary")
    with pytest.raises(InvalidError, match=f"found a key of {V6_PRINT}"):
        require_known(V4 + V6, [V4_PRINT], "binary")
    assert in_form(in_form(V4, "armour"), "binary") == V4


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[list[str]]:
    """Yield the beginning of a call of gpg with a home of its own, whose agent ends with the test."""
    if shutil.which("gpg") is None:
        pytest.skip("no gpg on this machine")
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    yield ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)  # noqa: S607 - where it is differs


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa2048"])
def test_gpg_says_the_same_of_keys_that_it_makes(gpg: list[str], algorithm: str) -> None:
    def told(*words: str) -> bytes:
        return subprocess.run([*gpg, *words], check=True, capture_output=True).stdout

    for name in ("one", "two"):
        told("--quick-generate-key", f"{name}@vigo.invalid", algorithm, "default", "never")
    lines = told("--with-colons", "--list-keys").decode().split("\n")
    wanted = [lines[number + 1].split(":")[9] for number, line in enumerate(lines) if line.startswith("pub:")]
    binary = told("--export")
    assert fingerprints_of(binary) == tuple(wanted)
    assert armoured_key(binary) == told("--armor", "--export").decode()
    assert locally_signed(binary) == frozenset()
    told("--yes", "--default-key", wanted[0], "--quick-lsign-key", wanted[1])
    assert locally_signed(told("--export-options", "export-local-sigs", "--export")) == {wanted[1]}
