"""How the server is, for `vigocli doctor`."""

from typing import Literal

import msgspec

Status = Literal["ok", "warning", "failed"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `advice` says what to do where all is not well."""

    name: str
    status: Status
    detail: str
    advice: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """All checks, and the worst of their statuses."""

    status: Status
    version: str
    checks: tuple[Check, ...]
