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
from vigo.catalog.ops import MakeDirectory, Op, WriteFile
from vigo.catalog.resources.accounts.lookup import user_entry
from vigo.catalog.resources.files.attributes import Attributes
from vigo.core.errors import BlockedError, InvalidError

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


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
    """The account, and what is in its home."""

    account: PasswdEntry | None
    home: FileStat | None
    folder: FileStat | None
    file: FileStat | None
    text: str | None


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
            return AuthorizedKeyState(account=account, home=None, folder=None, file=None, text=None)
        path = _path(account)
        file = host.stat(path)
        content = host.read_bytes(path) if file is not None and file.kind == "file" else None
        return AuthorizedKeyState(
            account=account,
            home=host.stat(account.home),
            folder=host.stat(f"{account.home}/.ssh"),
            file=file,
            text=None if content is None else content.decode(errors="surrogateescape"),
        )

    def plan(self, spec: AuthorizedKeySpec, state: AuthorizedKeyState) -> Iterator[Op]:
        """Yield the folder and the file, which only the user may read."""
        account = state.account
        if account is None or state.home is None:
            if spec.state == "absent":
                return
            raise BlockedError(_what_is_missing(spec, account))
        path = _path(account)
        for place, stat, kind in ((f"{account.home}/.ssh", state.folder, "directory"), (path, state.file, "file")):
            if stat is not None and stat.kind != kind:
                raise InvalidError(
                    f"user: expected a {kind} at {place}, found a {stat.kind}; it is not followed: remove it"
                )
        before = state.text or ""
        after = _edited(spec, before)
        if spec.state == "absent":
            if after != before:
                yield WriteFile(path=path, content=after.encode(errors="surrogateescape"), changes=("state",))
            return
        wanted = Attributes(_FILE_MODE, account.uid, account.gid)
        if state.folder is None:
            yield MakeDirectory(
                path=f"{account.home}/.ssh", mode=_FOLDER_MODE, uid=account.uid, gid=account.gid, changes=("state",)
            )
        if after != before or state.file is None or wanted.drift(state.file):
            yield WriteFile(
                path=path,
                content=after.encode(errors="surrogateescape"),
                mode=_FILE_MODE,
                uid=account.uid,
                gid=account.gid,
                changes=_changes(spec, before),
            )

    def owns(self, spec: AuthorizedKeySpec) -> tuple[str, ...]:
        """Return the key of the user."""
        return (f"key:{spec.user}:{parse_key('key', spec.key).blob}",)


def _path(account: PasswdEntry) -> str:
    return f"{account.home.rstrip('/')}/.ssh/authorized_keys"


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
