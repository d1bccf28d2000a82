import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.traits.made_certificates import certificate, der, pem, private_key
from vigo.catalog.formats.certificates import FoundCertificate, certificate_blocks, is_bundle, parse_certificate

WEB = certificate("web-1", names=("web-1.example.com", "*.example.com"), addresses=("192.0.2.7", "2001:db8::7"))
TOLD = FoundCertificate(
    subject="CN=web-1",
    names=("*.example.com", "192.0.2.7", "2001:db8::7", "web-1.example.com"),
    issuer="CN=Some CA",
    not_after="2027-01-31",
    key_type="ec",
    key_bits=256,
    is_authority=False,
    is_self_signed=False,
)


@pytest.mark.parametrize("content", [pem(WEB), der(WEB), b"Bag Attributes\n" + pem(WEB), pem(WEB) + private_key()])
def test_a_certificate_is_told_in_either_form_with_text_and_keys_around_it(content: bytes) -> None:
    (block,) = certificate_blocks(content)
    assert parse_certificate(block) == TOLD


def test_nothing_of_a_private_key_is_taken() -> None:
    assert certificate_blocks(private_key()) == ()
    assert b"PRIVATE" not in b"".join(certificate_blocks(private_key() + pem(WEB) + private_key()))


def test_one_that_signs_itself_says_so() -> None:
    found = parse_certificate(pem(certificate("root", issuer="root")))
    assert found is not None
    assert (found.is_authority, found.is_self_signed, found.names) == (True, True, ())


def test_the_first_of_a_chain_is_the_first_block_and_a_bundle_is_known() -> None:
    chain = pem(WEB) + pem(certificate("middle"))
    assert certificate_blocks(chain)[0] == pem(WEB)
    assert not is_bundle(certificate_blocks(chain))
    assert is_bundle(certificate_blocks(pem(WEB) * 200))
    assert len(certificate_blocks(pem(WEB) * 200)) <= 11


@pytest.mark.parametrize("block", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x82"])
def test_what_is_none_is_none(block: bytes) -> None:
    assert parse_certificate(block) is None


@given(st.data())
def test_a_damaged_certificate_never_makes_the_reader_crash(data: st.DataObject) -> None:
    content = bytearray(der(WEB))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    parse_certificate(bytes(content[: data.draw(st.integers(0, len(content)))]))
    parse_certificate(bytes(content))


@given(st.binary() | st.text().map(lambda text: f"-----BEGIN CERTIFICATE-----{text}-----END ".encode(errors="replace")))
def test_any_bytes_are_looked_through_without_an_error(content: bytes) -> None:
    for block in certificate_blocks(content):
        parse_certificate(block)
