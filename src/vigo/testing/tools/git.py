"""git of a fake host, and the remote that it asks."""

from collections.abc import Mapping
from typing import ClassVar

from vigo.catalog.formats.git_files import parse_packed_refs
from vigo.catalog.formats.git_names import BRANCHES, DEFAULT_BRANCH, TAGS, is_commit
from vigo.catalog.ops import MakeDirectory, Op, RemoveDirectory, WriteFile
from vigo.catalog.ops.git_checkout import (
    AskRemote,
    CheckOutRevision,
    CloneRepository,
    RemoveCheckout,
    name_of_removal,
)
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeTool

_TRACKED = "refs/remotes/origin/"


class FakeGit(FakeTool):
    """`branches` and `tags` are what the remote has: name -> commit; the first branch is its default one."""

    name: ClassVar[str] = "git"
    programs = frozenset({"git"})
    ops: ClassVar[tuple[type[Op], ...]] = (AskRemote, CheckOutRevision, CloneRepository, RemoveCheckout)

    def __init__(self, branches: Mapping[str, str] = {}, tags: Mapping[str, str] = {}) -> None:
        self._branches, self._tags = dict(branches), dict(tags)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Clone, check out, fetch or remove."""
        match op:
            case CloneRepository():
                if host.stat(op.path) is None:
                    host.tree.apply(MakeDirectory(path=op.path), lambda _: True)
                self._fetch(op, host)
                self._check_out(op, host)
            case CheckOutRevision():
                if op.commit is None:
                    self._fetch(op, host)
                self._check_out(op, host)
            case AskRemote():
                self._fetch(op, host)
            case RemoveCheckout():
                for path in (op.path, name_of_removal(op.path)):
                    if host.stat(path) is not None:
                        host.tree.apply(RemoveDirectory(path=path, recursive=True), lambda _: True)

    def _fetch(self, op: AskRemote | CheckOutRevision | CloneRepository, host: FakeHost) -> None:
        refs = {f"{_TRACKED}{name}": commit for name, commit in self._branches.items()}
        refs |= {f"{TAGS}{name}": commit for name, commit in self._tags.items()}
        lines = ["# pack-refs with: peeled fully-peeled sorted", *(f"{refs[name]} {name}" for name in sorted(refs))]
        self._write(f"{op.path}/.git/packed-refs", "\n".join(lines) + "\n", host)
        if self._branches:
            self._write(f"{op.path}/.git/{_TRACKED}HEAD", f"ref: {_TRACKED}{next(iter(self._branches))}\n", host)
        fetched = "".join(f"{commit}\t\tbranch '{name}' of x\n" for name, commit in self._branches.items())
        self._write(f"{op.path}/.git/FETCH_HEAD", fetched, host)

    def _check_out(self, op: CheckOutRevision | CloneRepository, host: FakeHost) -> None:
        commit = op.revision.lower() if is_commit(op.revision) else self._commit(op, host)
        self._write(f"{op.path}/.git/HEAD", f"{commit}\n", host)
        self._write(f"{op.path}/.git/config", f'[remote "origin"]\n\turl = {op.repo}\n', host)

    def _commit(self, op: CheckOutRevision | CloneRepository, host: FakeHost) -> str:
        packed = parse_packed_refs(host.read_text(f"{op.path}/.git/packed-refs"))
        name = next(iter(self._branches), "") if op.revision == DEFAULT_BRANCH else op.revision
        plain = name.removeprefix(BRANCHES).removeprefix(TAGS)
        found = packed.get(f"{_TRACKED}{plain}") or packed.get(f"{TAGS}{plain}")
        if found is None:
            raise UnavailableError(f"revision: expected a branch or tag {op.revision}, found none")
        return found

    def _write(self, path: str, content: str, host: FakeHost) -> None:
        for folder in _folders(path):
            if host.stat(folder) is None:
                host.tree.apply(MakeDirectory(path=folder), lambda _: True)
        host.tree.apply(WriteFile(path=path, content=content.encode(), mode=0o644), lambda _: True)
        host.date(path)


def _folders(path: str) -> list[str]:
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: length + 1]) for length in range(len(parts))]
