"""The stable error codes of Vigo, one class each, and the one table: code -> (HTTP, gRPC, exit status)."""

from enum import IntEnum
from typing import ClassVar, NamedTuple


class ExitStatus(IntEnum):
    """What a command's exit status says. Scripts rely on these numbers."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_ENROLLED = 3
    CHANGES = 4
    """Nothing failed: what was asked about would change something."""


class Mapping(NamedTuple):
    """One row of the table: how a code looks at each edge."""

    http_status: int
    grpc_status: int
    exit_status: ExitStatus


# gRPC status numbers: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
CODES: dict[str, Mapping] = {
    "invalid": Mapping(400, 3, ExitStatus.FAILED),
    "unauthenticated": Mapping(401, 16, ExitStatus.FAILED),
    "lapsed": Mapping(401, 16, ExitStatus.FAILED),
    "forbidden": Mapping(403, 7, ExitStatus.FAILED),
    "not-found": Mapping(404, 5, ExitStatus.FAILED),
    "conflict": Mapping(409, 10, ExitStatus.FAILED),
    "replayed": Mapping(409, 6, ExitStatus.FAILED),
    "stale-session": Mapping(409, 9, ExitStatus.FAILED),
    "too-large": Mapping(413, 8, ExitStatus.FAILED),
    "too-many": Mapping(429, 8, ExitStatus.FAILED),
    "rejected-policy": Mapping(422, 9, ExitStatus.FAILED),
    "blocked": Mapping(503, 9, ExitStatus.FAILED),
    "unavailable": Mapping(503, 14, ExitStatus.FAILED),
    "timed-out": Mapping(504, 4, ExitStatus.FAILED),
    "damaged": Mapping(500, 15, ExitStatus.FAILED),
    "internal": Mapping(500, 13, ExitStatus.FAILED),
    "not-enrolled": Mapping(401, 16, ExitStatus.NOT_ENROLLED),
    "usage": Mapping(400, 3, ExitStatus.USAGE),
}


class VigoError(Exception):
    """An error that a person can act on.

    The message says what was expected, what was found and what to do. `code` is stable and machine-readable.
    """

    code: ClassVar[str] = "internal"

    @property
    def mapping(self) -> Mapping:
        """The HTTP, gRPC and exit status of this error's code."""
        return CODES[self.code]


class InvalidError(VigoError):
    """Something given does not fit what is accepted."""

    code = "invalid"


class UnauthenticatedError(VigoError):
    """The caller did not prove who it is."""

    code = "unauthenticated"


class LapsedError(VigoError):
    """The caller's certificate has ended, or a clock is wrong. Nobody decided against the caller."""

    code = "lapsed"


class ForbiddenError(VigoError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFoundError(VigoError):
    """The named thing does not exist."""

    code = "not-found"


class ConflictError(VigoError):
    """The request collides with the present state."""

    code = "conflict"


class ReplayedError(VigoError):
    """A signed request's sequence is not above the last one seen."""

    code = "replayed"


class StaleSessionError(VigoError):
    """A request was signed for an earlier start of the server; sign it anew for the present one."""

    code = "stale-session"


class TooLargeError(VigoError):
    """A message, file or value is over its limit."""

    code = "too-large"


class TooManyError(VigoError):
    """Somebody asks more often than one may; `retry_seconds` says when it is worth asking again."""

    code = "too-many"

    def __init__(self, message: str, retry_seconds: int = 60) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class RejectedPolicyError(VigoError):
    """The stacks have errors; nothing was published."""

    code = "rejected-policy"


class BlockedError(VigoError):
    """The host does not allow this now, through no fault of the policy."""

    code = "blocked"


class UnavailableError(VigoError):
    """Something needed is not there now; trying again may help."""

    code = "unavailable"


class QuotingError(UnavailableError):
    """It quotes what a program printed, which is not told where the program was given a secret."""


class TimedOutError(VigoError):
    """A step took longer than its limit and was ended."""

    code = "timed-out"


class DamagedError(VigoError):
    """Stored or received data does not match its checksum or signature."""

    code = "damaged"


class InternalError(VigoError):
    """A fault in Vigo itself."""

    code = "internal"


class NotEnrolledError(VigoError):
    """This machine has no identity yet."""

    code = "not-enrolled"


class UsageError(VigoError):
    """The command line or a settings file was used wrongly."""

    code = "usage"


BY_CODE: dict[str, type[VigoError]] = {cls.code: cls for cls in VigoError.__subclasses__()}
"""Code -> class, for clients that rebuild an error from its wire form."""
