import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigo.catalog.formats.sha512_crypt import hash_password, matches

SALTS = st.text("./0123456789ABCxyz", min_size=1, max_size=16)


# The test vectors of the specification.
VECTORS = {
    "saltstring": "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    "rounds=10000$saltstringsaltst": (
        "OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
    ),
}


@pytest.mark.parametrize("setting", VECTORS)
def test_the_vectors_of_the_specification_match(setting: str) -> None:
    hashed = f"$6${setting}${VECTORS[setting]}"
    assert matches("Hello world!", hashed)
    assert not matches("Hello world!x", hashed)


@settings(max_examples=10, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=90), SALTS)
def test_a_hash_matches_its_password_alone(password: str, salt: str) -> None:
    hashed = hash_password(password, salt)
    assert matches(password, hashed)
    assert not matches(password + "x", hashed)


@given(st.text())
def test_any_text_as_a_hash_is_no_match_and_no_error(text: str) -> None:
    assert not matches("x", text)


def test_a_hash_that_asks_for_endless_rounds_is_no_match() -> None:
    assert not matches("x", f"$6$rounds=999999999$s${'a' * 86}")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="this machine has no openssl to compare with")
@pytest.mark.parametrize("password", ["x", "Straße", "p" * 64, "p" * 65, "p" * 128])
def test_openssl_computes_the_same(password: str) -> None:
    program = shutil.which("openssl") or ""
    answer = subprocess.run(
        [program, "passwd", "-6", "-salt", "abCD./12", "-stdin"],
        input=password.encode(),
        capture_output=True,
        check=True,
    )
    assert re.fullmatch(r"\S+", hash_password(password, "abCD./12"))
    assert answer.stdout.decode().strip() == hash_password(password, "abCD./12")
