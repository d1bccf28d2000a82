"""The shadow tool set of a fake host: useradd(8) and its like, on the fake's account files."""

import getopt
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.accounts import (
    GroupEntry,
    PasswdEntry,
    ShadowEntry,
    free_id,
    parse_group,
    parse_passwd,
    parse_shadow,
)
from vigo.catalog.ops import MakeDirectory, RemoveDirectory, Run
from vigo.catalog.resources.accounts.image import AccountFiles, file_changes, read_account_files
from vigo.testing.fake_host import FakeHost, FakeTool

Options = Mapping[str, str]

_WITH_VALUE = ("uid", "gid", "home-dir", "home", "shell", "comment", "groups", "expiredate", "members", "delete")
_ALONE = ("system", "create-home", "no-create-home", "append", "move-home", "remove", "encrypted", "force")
_EXISTS, _MISSING = CommandResult(9, stderr="already exists"), CommandResult(6, stderr="does not exist")


class FakeAccounts(FakeTool):
    """Knows the options that the kinds `user` and `group` use; another one fails the test."""

    def __init__(self) -> None:
        self._calls: dict[str, Callable[[FakeHost, str, Options], CommandResult]] = {
            "groupadd": _groupadd,
            "groupmod": _groupmod,
            "groupdel": _groupdel,
            "gpasswd": _gpasswd,
            "useradd": _useradd,
            "usermod": _usermod,
            "userdel": _userdel,
        }
        self.programs = frozenset({*self._calls, "chpasswd", "getent"})

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer `getent passwd NAME` and `getent group NAME` from the fake's files."""
        if argv[0] != "getent":
            return None
        text = host.read_text(f"/etc/{argv[1]}") or ""
        lines = [line for line in text.split("\n") if line.partition(":")[0] == argv[2]]
        return CommandResult(0, lines[0] + "\n") if lines else CommandResult(2)

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Change the fake's account files."""
        if op.argv[0] == "chpasswd":
            return _chpasswd(host, op.stdin or "")
        given, names = getopt.gnu_getopt(list(op.argv[1:]), "", [*(f"{name}=" for name in _WITH_VALUE), *_ALONE])
        options = {option.removeprefix("--"): value for option, value in given}
        return self._calls[op.argv[0]](host, names[0], options)


def _groupadd(host: FakeHost, name: str, options: Options) -> CommandResult:
    files, groups = _files(host), _groups(host)
    taken = {group.gid for group in groups.values()}
    gid = int(options["gid"]) if "gid" in options else free_id(taken, system="system" in options)
    if name in groups and "force" in options:
        return CommandResult(0)
    if name in groups or gid is None or gid in taken:
        return _EXISTS
    return _store(host, files.with_group(GroupEntry(name=name, gid=gid)))


def _groupmod(host: FakeHost, name: str, options: Options) -> CommandResult:
    group = _groups(host).get(name)
    if group is None:
        return _MISSING
    return _store(host, _files(host).with_group(msgspec.structs.replace(group, gid=int(options["gid"]))))


def _groupdel(host: FakeHost, name: str, options: Options) -> CommandResult:
    del options
    return _store(host, _files(host).without_group(name)) if name in _groups(host) else _MISSING


def _gpasswd(host: FakeHost, name: str, options: Options) -> CommandResult:
    group = _groups(host).get(name)
    if group is None:
        return _MISSING
    if "delete" in options:
        members = tuple(member for member in group.members if member != options["delete"])
    else:
        members = tuple(member for member in options["members"].split(",") if member)
    return _store(host, _files(host).with_group(msgspec.structs.replace(group, members=members)))


def _useradd(host: FakeHost, name: str, options: Options) -> CommandResult:
    files, users = _files(host), _users(host)
    if name in users or int(options["uid"]) in {user.uid for user in users.values()}:
        return _EXISTS
    entry = PasswdEntry(
        name=name,
        uid=int(options["uid"]),
        gid=int(options["gid"]),
        comment=options.get("comment", ""),
        home=options["home-dir"],
        shell=options["shell"],
    )
    shadow = ShadowEntry(name=name, hash="!", expires_day=_day(options.get("expiredate", "")))
    files = _joined_groups(host, files.with_user(entry).with_password(shadow), name, options)
    result = _store(host, files)
    if "create-home" in options and host.stat(entry.home) is None:
        host.apply(MakeDirectory(path=entry.home, mode=0o700, uid=entry.uid, gid=entry.gid))
    return result


def _usermod(host: FakeHost, name: str, options: Options) -> CommandResult:
    user = _users(host).get(name)
    if user is None:
        return _MISSING
    if "move-home" in options:
        host.tree.move(user.home, options["home"])
    texts = {field: options[field] for field in ("home", "shell", "comment") if field in options}
    ids = {field: int(options[field]) for field in ("uid", "gid") if field in options}
    files = _files(host).with_user(msgspec.structs.replace(user, **texts, **ids))
    if "expiredate" in options:
        shadow = _passwords(host).get(name, ShadowEntry(name=name, hash="!"))
        files = files.with_password(msgspec.structs.replace(shadow, expires_day=_day(options["expiredate"])))
    return _store(host, _joined_groups(host, files, name, options))


def _userdel(host: FakeHost, name: str, options: Options) -> CommandResult:
    user = _users(host).get(name)
    if user is None:
        return _MISSING
    result = _store(host, _files(host).without_user(name))
    if "remove" in options and host.stat(user.home) is not None:
        host.apply(RemoveDirectory(path=user.home, recursive=True))
    return result


def _chpasswd(host: FakeHost, stdin: str) -> CommandResult:
    name, _, hashed = stdin.removesuffix("\n").partition(":")
    if name not in _users(host):
        return _MISSING
    shadow = _passwords(host).get(name, ShadowEntry(name=name, hash="!"))
    return _store(host, _files(host).with_password(msgspec.structs.replace(shadow, hash=hashed)))


def _joined_groups(host: FakeHost, files: AccountFiles, name: str, options: Options) -> AccountFiles:
    for group_name in filter(None, options.get("groups", "").split(",")):
        group = _groups(host)[group_name]
        files = files.with_group(msgspec.structs.replace(group, members=(*group.members, name)))
    return files


def _store(host: FakeHost, after: AccountFiles) -> CommandResult:
    for op in file_changes(_files(host), after, ()):
        host.tree.apply(op, lambda _: True)
    return CommandResult(0)


def _files(host: FakeHost) -> AccountFiles:
    return read_account_files(host)


def _users(host: FakeHost) -> Mapping[str, PasswdEntry]:
    return parse_passwd(host.read_text("/etc/passwd") or "")


def _groups(host: FakeHost) -> Mapping[str, GroupEntry]:
    return parse_group(host.read_text("/etc/group") or "")


def _passwords(host: FakeHost) -> Mapping[str, ShadowEntry]:
    return parse_shadow(host.read_text("/etc/shadow") or "")


def _day(text: str) -> int | None:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days if text else None
