"""The fields of the kind `user`, and what they accept."""

from datetime import date
from typing import Annotated, Literal

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.names import (
    SYSTEM_DIRECTORIES,
    AccountId,
    check_account,
    check_account_or_id,
    check_one_line,
    check_path,
    shown,
)
from vigo.core.errors import InvalidError

_LONGEST_PASSWORD = 512


class UserSpec(Spec, frozen=True, kw_only=True):
    """A user account. A field that is left out is left alone on an existing account."""

    user: Annotated[str, field("Name of the account.", example="deploy")]
    uid: Annotated[AccountId | None, field("Its number; the next free one where left out.")] = None
    gid: Annotated[str | None, field("Primary group, by name or number; else a group named as the user.")] = None
    groups: Annotated[
        tuple[str, ...],
        field("Groups that the user is in too. Others are left alone: a group's `members` are the exact list."),
    ] = ()
    shell: Annotated[str | None, field("Login shell; for a new account /bin/sh or nologin.", is_path=True)] = None
    home: Annotated[str | None, field("Home directory; for a new account /home/USER.", is_path=True)] = None
    comment: Annotated[str | None, field("Full name or purpose.", example="Deployment")] = None
    password_hash: Annotated[str | None, field("Password as crypt(5) writes it; `*` for none.", may_be_secret=True)] = (
        None
    )
    password: Annotated[
        str | None,
        field(
            "Password in clear, hashed on the machine (SHA-512). It stands in the stacks for all who read them:"
            " password_hash tells less.",
            may_be_secret=True,
        ),
    ] = None
    authorized_keys: Annotated[
        tuple[str, ...] | None, field("Exactly these lines are in ~/.ssh/authorized_keys; left alone where left out.")
    ] = None
    system: Annotated[bool, field("Make a new account a system account: low number, no login shell.")] = False
    manage_home: Annotated[bool, field("Make the home directory; remove it with the account; move it.")] = False
    expires: Annotated[str | None, field("Day from which it is closed, or `never`.", example="2027-01-31")] = None
    locked: Annotated[bool | None, field("Whether no password is accepted; keys still are.")] = None
    state: Annotated[Literal["present", "absent"], field("Whether the account shall be there.")] = "present"


def check_user(spec: UserSpec) -> None:
    """Accept values that passwd(5) and shadow(5) can hold.

    Raises:
        InvalidError: one cannot be held, or two contradict each other.
    """
    check_account("user", spec.user)
    if spec.gid is not None:
        check_account_or_id("gid", spec.gid)
    for group in spec.groups:
        check_account("groups", group)
    for name in ("shell", "home"):
        path = getattr(spec, name)
        if path is not None:
            check_path(name, path)
    _check_texts(spec)
    if spec.expires is not None:
        expiry_day(spec.expires)
    if spec.state == "absent" and spec.user == "root":
        raise InvalidError("user: expected another user than root, which every system needs")
    if spec.manage_home and spec.home in SYSTEM_DIRECTORIES:
        raise InvalidError(
            f"manage_home: expected a home of the user's own, found {spec.home}; it could be removed with the user"
        )


def expiry_day(text: str) -> int | None:
    """Return the day since 1970-01-01 that `expires` names, or None for `never`.

    Raises:
        InvalidError: it is no date.
    """
    if text == "never":
        return None
    try:
        day = (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError as error:
        raise InvalidError(f"expires: expected a date such as 2027-01-31, or never, found {shown(text)}") from error
    if day < 0:
        raise InvalidError(f"expires: expected a date from 1970 on, found {text}")
    return day


def _check_texts(spec: UserSpec) -> None:
    for name in ("shell", "home", "comment", "password_hash"):
        value = getattr(spec, name)
        if value is not None:
            check_one_line(name, value)
            if ":" in value:
                raise InvalidError(
                    f"{name}: expected no `:`, which parts the fields of passwd(5), found one; leave it out"
                )
    if spec.password is not None and spec.password_hash is not None:
        raise InvalidError("password: expected it or password_hash, found both; keep one")
    if spec.password_hash == "":
        raise InvalidError(
            "password_hash: expected a hash, found an empty text that lets everybody in; write * for none"
        )
    if spec.password is not None:
        check_one_line("password", spec.password)
        if not 0 < len(spec.password) <= _LONGEST_PASSWORD:
            raise InvalidError(f"password: expected 1 to {_LONGEST_PASSWORD} characters, found {len(spec.password)}")
    for line in spec.authorized_keys or ():
        check_one_line("authorized_keys", line)
