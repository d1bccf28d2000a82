"""From where the request that is being answered came, for all that is noted on its way."""

import re
import secrets
from contextvars import ContextVar
from typing import Final, NamedTuple

# Source: W3C Trace Context, section 3.2: version, trace id, parent id, flags; no id is all zeros.
_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class Provenance(NamedTuple):
    """A caller's address and the trace that its request belongs to."""

    source: str = ""
    trace_id: str = ""


_NOWHERE: Final = Provenance()
_CURRENT: Final[ContextVar[Provenance]] = ContextVar("provenance", default=_NOWHERE)


def come_from(source: str, traceparent: bytes | None) -> None:
    """Say whence what this task answers came. Without a trace of the caller's it gets one of its own."""
    found = None if traceparent is None else _TRACEPARENT.fullmatch(traceparent)
    _CURRENT.set(Provenance(source, "" if found is None else found.group(1).decode()))


def source_now() -> str:
    """Return the address that is being answered, empty outside requests."""
    return _CURRENT.get().source


def trace_now() -> str:
    """Return the trace of the request that is being answered, empty outside requests."""
    present = _CURRENT.get()
    if present.source and not present.trace_id:  # made when it is first asked for: most requests are never noted
        present = Provenance(present.source, secrets.token_hex(16))
        _CURRENT.set(present)
    return present.trace_id
