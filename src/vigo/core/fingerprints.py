"""The SHA-256 fingerprints by which a CA is pinned."""

import re
from typing import Final

from vigo.core.errors import UsageError

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def parse_fingerprint(text: str, printed_by: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case digits; colons, blanks and capitals are accepted.

    `printed_by` is the command that prints the right one.

    Raises:
        UsageError: it is none.
    """
    digits = re.sub(r"[:\s]", "", text).lower().removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(digits):
        raise UsageError(
            f"--ca-sha256: expected 64 hexadecimal digits, found {len(digits)} characters; `{printed_by}` prints the"
            " fingerprint on the server's host"
        )
    return digits
