import pytest

from vigo.core.errors import UsageError
from vigo.core.fingerprints import parse_fingerprint


def test_a_fingerprint_has_one_form() -> None:
    digits = "ab" * 32
    assert parse_fingerprint(":".join(["AB"] * 32), "x") == digits
    assert parse_fingerprint(f"SHA256:{digits}", "x") == digits
    for wrong in ("", "ab" * 31, "zz" * 32):
        with pytest.raises(UsageError, match="64 hexadecimal digits"):
            parse_fingerprint(wrong, "vigocli tokens create")
