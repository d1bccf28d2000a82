import traceback
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.key_pairs import MAX_KEY_BYTES, read_key, read_pair
from vigo.catalog.formats.self_signed import new_key, self_signed
from vigo.catalog.formats.server_names import server_name
from vigo.core.errors import InvalidError

PEM, PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()
KEY = new_key("ecdsa-p256")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATE = self_signed(KEY, ("www.example.com", "192.0.2.7"), NOW, NOW + timedelta(days=9))
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
DAMAGE = st.tuples(st.integers(0, 10_000), st.binary(max_size=30))


def damaged(content: bytes, damage: tuple[int, bytes]) -> bytes:
    place = damage[0] % len(content)
    return content[:place] + damage[1] + content[place + len(damage[1]) :]


@pytest.mark.parametrize(
    ("key", "sort", "is_usable"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ecdsa-p256", True),
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa-secp521r1", True),
        (rsa.generate_private_key(65537, 1024), "rsa-1024", False),  # noqa: S505 - it is to be refused
        (rsa.generate_private_key(65537, 2048), "rsa-2048", True),
        (dsa.generate_private_key(2048), "another", False),
        (ed448.Ed448PrivateKey.generate(), "another", False),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_sort_of_a_key_is_told_in_each_form(key: ec.EllipticCurvePrivateKey, sort: str, is_usable: bool) -> None:  # noqa: FBT001 - a parameter
    forms = [serialization.PrivateFormat.PKCS8]
    if sort.startswith(("ec", "rsa")):
        forms.append(serialization.PrivateFormat.TraditionalOpenSSL)
    found = {read_key(key.private_bytes(PEM, form, PLAIN)) for form in forms}
    assert {(one.key_type, one.is_usable) for one in found} == {(sort, is_usable)}


def test_parameters_before_a_key_as_openssl_writes_them_are_passed_over() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    plain = key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN)
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert read_key(parameters + plain) == read_key(plain)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"root:x:0:0::/root:/bin/sh\n", "something else"),
        (KEY + CERTIFICATE, "a file with certificates in it"),
        (KEY + b"\n" * MAX_KEY_BYTES, "something else"),
        (b"-----BEGIN PUBLIC KEY-----\n", "something else"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "cannot be read"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "a private key with a passphrase"),
    ],
)
def test_what_is_no_plain_private_key_is_said(content: bytes, found: str) -> None:
    with pytest.raises(InvalidError, match=found):
        read_key(content)


@given(damage=DAMAGE)
def test_a_damaged_key_is_refused_or_is_one_and_nothing_of_it_is_told(damage: tuple[int, bytes]) -> None:
    told = ""
    try:
        read_key(damaged(KEY, damage))
    except InvalidError as error:
        told = "".join(traceback.format_exception(error)).partition("InvalidError: ")[2]
    assert len(told) < 60


@given(damage=DAMAGE)
def test_a_damaged_certificate_is_none_or_is_one_or_refused(damage: tuple[int, bytes]) -> None:
    try:
        read_pair(damaged(CERTIFICATE, damage))
    except InvalidError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(content: bytes) -> None:
    for judge in (read_key, read_pair):
        try:
            judge(content)
        except InvalidError:
            continue


def test_a_certificate_says_its_names_times_and_key() -> None:
    found = read_pair(CERTIFICATE)
    assert found is not None
    assert (found.common_name, found.names) == ("www.example.com", {"www.example.com", "192.0.2.7"})
    assert (found.begins, found.ends) == (NOW, NOW + timedelta(days=9))
    assert found.public == read_key(KEY).public
    assert found.is_self_signed
    assert found.for_servers
    assert not found.other_names


def test_of_a_chain_the_first_one_counts() -> None:
    other = self_signed(new_key("ed25519"), ("other.example",), NOW, NOW + timedelta(days=9))
    assert read_pair(CERTIFICATE + other) == read_pair(CERTIFICATE)


def test_names_of_other_sorts_and_another_signature_are_noticed() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    found = read_pair(builder.sign(other, hashes.SHA256()).public_bytes(PEM))
    assert found is not None
    assert (found.names, found.other_names, found.is_self_signed, found.for_servers) == (set(), True, False, False)


def test_a_key_that_cannot_sign_is_refused() -> None:
    key = ed448.Ed448PrivateKey.generate().private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN)
    with pytest.raises(InvalidError, match="expected a private key of ECDSA, Ed25519 or RSA"):
        self_signed(key, ("a.example",), NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.com", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("_sip.example.com", "_sip.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
        ("3com.example", "3com.example"),
    ],
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert server_name("sans", text) == name


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "*.", "a*.example", "*.*.example", ".example", "a..b", "a.", "-a.example", "a-.example", "a b"),
        *("192.0.2", "192.0.2.300", "0x7f.1", "1", "fe80::1%eth0", "http://a", "a:443", "a/b", "a\n", "bü.example"),
        *("a" * 64 + ".example", ".".join(["a" * 60] * 5), "-subj=/CN=a", "192.0.2.0/24", "[::1]"),
    ],
)
def test_what_no_server_has_as_a_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="sans: expected a host name"):
        server_name("sans", text)


@given(st.text(max_size=80))
def test_what_is_taken_as_a_name_can_stand_in_a_certificate(text: str) -> None:
    try:
        name = server_name("sans", text)
    except InvalidError:
        return
    assert server_name("sans", name) == name
    found = read_pair(self_signed(KEY, ("a.example", name), NOW, NOW + timedelta(days=1)))
    assert found is not None
    assert found.names == {"a.example", name}
