"""The kind `authorized_key`."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.accounts import PasswdEntry
from vigo.catalog.formats.names import check_account
from vigo.catalog.formats.ssh_lines import (
    AuthorizedKey,
    check_options,
    parse_authorized,
    parse_key,
    with_line_instead,
    without_lines_meant,
)
from vigo.catalog.ops import Op
from vigo.catalog.resources.accounts.key_file import (
    KeyFile,
    brought,
    owners_are_kept,
    read_key_file,
    require_place,
    with_less,
)
from vigo.catalog.resources.accounts.lookup import user_entry
from vigo.core.errors import BlockedError, InvalidError


class AuthorizedKeySpec(Spec, frozen=True, kw_only=True):
    """One key that may log in as a user, in `~/.ssh/authorized_keys`."""

    user: Annotated[str, field("Name of the account.", example="deploy")]
    key: Annotated[
        str, field("The public key: type, base64 and comment.", example="ssh-ed25519 AAAAC3Nz... ann@laptop")
    ]
    options: Annotated[
        str, field("Options before the key, as sshd(8) takes them.", example='no-pty,command="/usr/bin/backup"')
    ] = ""
    exclusive: Annotated[
        bool, field("Remove all other keys. For several keys give the user resource `authorized_keys` instead.")
    ] = False
    state: Annotated[Literal["present", "absent"], field("Whether the key may log in.")] = "present"


class AuthorizedKeyState(msgspec.Struct, frozen=True, kw_only=True):
    """The account, its home, and the file of keys in that."""

    account: PasswdEntry | None
    home: FileStat | None = None
    keys: KeyFile = KeyFile()
    can_chown: bool = True


class AuthorizedKeyFile(Resource[AuthorizedKeySpec, AuthorizedKeyState]):
    """A key is the same whatever its comment and options; those are brought into state too.

    The file and its folder are the user's, who could put a symlink there: neither is followed.
    """

    kind, since, spec = "authorized_key", "0.1", AuthorizedKeySpec

    def validate(self, spec: AuthorizedKeySpec) -> None:
        """Accept a user, a public key and options."""
        check_account("user", spec.user)
        parse_key("key", spec.key)
        check_options(spec.options)
        if spec.exclusive and spec.state == "absent":
            raise InvalidError("exclusive: expected state: present beside it, found absent; remove one")

    def observe(self, spec: AuthorizedKeySpec, host: ReadHost) -> AuthorizedKeyState:
        """Return the account and its file of keys."""
        account = user_entry(host, spec.user)
        if account is None or not account.home.startswith("/"):
            return AuthorizedKeyState(account=account)
        return AuthorizedKeyState(
            account=account,
            home=host.stat(account.home),
            keys=read_key_file(host, account.home),
            can_chown=owners_are_kept(host),
        )

    def plan(self, spec: AuthorizedKeySpec, state: AuthorizedKeyState) -> Iterator[Op]:
        """Yield the folder and the file, which only the user may read."""
        account, keys = state.account, state.keys
        if account is None or state.home is None:
            if spec.state == "absent":
                return
            raise BlockedError(_what_is_missing(spec, account))
        require_place("user", account.home, keys)
        before = keys.text or ""
        after = _edited(spec, before)
        if spec.state == "present":
            yield from brought(account, keys, after, _changes(spec, before), chown=state.can_chown)
        elif after != before:
            yield with_less(account, after, ("state",))

    def owns(self, spec: AuthorizedKeySpec) -> tuple[str, ...]:
        """Return the key of the user."""
        return (f"key:{spec.user}:{parse_key('key', spec.key).blob}",)


def _what_is_missing(spec: AuthorizedKeySpec, account: PasswdEntry | None) -> str:
    if account is None:
        return f"user: {spec.user} does not exist yet; add a user resource for it and put it in depends_on"
    return (
        f"user: expected the home {account.home} of {spec.user}, found none; set manage_home: true in its user,"
        " or add a directory resource"
    )


def _edited(spec: AuthorizedKeySpec, text: str) -> str:
    key = parse_key("key", spec.key)

    def is_meant(line: str) -> bool:
        found = parse_authorized(line)
        return found is not None and found.key.blob == key.blob

    if spec.state == "absent":
        return without_lines_meant(text, is_meant)
    wanted = AuthorizedKey(spec.options, key).text
    return f"{wanted}\n" if spec.exclusive else with_line_instead(text, wanted, is_meant)


def _changes(spec: AuthorizedKeySpec, before: str) -> tuple[str, ...]:
    key = parse_key("key", spec.key)
    parsed = [found for line in before.split("\n") if (found := parse_authorized(line)) is not None]
    mine = [found for found in parsed if found.key.blob == key.blob]
    if len(mine) != 1:
        return ("state",)
    differs = {
        "key": mine[0].key != key,
        "options": mine[0].options != spec.options,
        "exclusive": spec.exclusive and len(parsed) > 1,
    }
    return tuple(name for name, value in differs.items() if value) or ("state",)
