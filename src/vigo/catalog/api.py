"""What a resource kind and a trait collector are: the whole interface between the catalogue and the rest of Vigo.

A kind reads a host through `ReadHost` and returns operations as data. Nothing in the catalogue can change a host.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

import msgspec

from vigo.catalog.ops import Op

FileKind = Literal["file", "directory", "symlink", "other"]

MAX_FORMER_BYTES = 1024 * 1024
"""The largest former content that is kept to be brought back; a settings file is far smaller."""


class FileStat(msgspec.Struct, frozen=True):
    """What lstat(2) says of one path. `mode` is the permission bits alone (0o7777)."""

    kind: FileKind
    mode: int
    uid: int
    gid: int
    size_bytes: int = 0
    links: int = 1
    inode: int = 0
    device: int = 0
    mtime_ns: int = 0


class CommandResult(msgspec.Struct, frozen=True):
    """How a program ended. Output is cut at the host's limit; undecodable bytes are replaced."""

    status: int
    stdout: str = ""
    stderr: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A program to run: one argument list, no shell unless `argv` names one."""

    argv: tuple[str, ...]
    cwd: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = {}
    stdin: str | None = None
    umask: int | None = None
    timeout: timedelta = timedelta(minutes=5)


class ReadFiles(Protocol):
    """Reading a host's files. Every path is absolute and resolved beneath the host's root, symlinks included.

    Absent is `None`; present but unreadable raises `vigo.core.errors.UnavailableError` with the reason.
    """

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself; the last component is not followed."""
        ...

    def read_bytes(self, path: str) -> bytes | None:
        """Return the content of a regular file, following symlinks inside the root."""
        ...

    def read_digest(self, path: str) -> str | None:
        """Return the SHA-256 of a regular file of any size, 64 small hexadecimal digits; symlinks as `read_bytes`."""
        ...

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written, or None where there is no symlink."""
        ...

    def read_label(self, path: str) -> str | None:
        """Return the SELinux context of what is at the path itself, or None where it has none."""
        ...

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted, or None where there is no directory."""
        ...


class ReadSystem(Protocol):
    """Asking a host's programs. Only programs that read may be named here."""

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        """Return the answer of a read-only program, or None where the host has no such program.

        Equal questions within one run are asked once, until an operation ran that may change the answer.
        """
        ...

    def check(self, command: Command) -> CommandResult:
        """Run an operator's own guard (`unless`, `onlyif`), also in a dry run; guards must only read."""
        ...

    def is_image(self) -> bool:
        """Return whether this host is a file tree (`--root`) in which nothing runs."""
        ...

    def has_program(self, name: str) -> bool:
        """Return whether a program of this name is on the host's search path."""
        ...


class ReadHost(ReadFiles, ReadSystem, Protocol):
    """Everything that a kind or collector may know of a host."""

    def read_text(self, path: str) -> str | None:
        """Return a file's content as UTF-8, undecodable bytes replaced, or None where it is absent."""
        ...


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of one kind. Subclasses declare each with `field(...)`; all values are final (templates rendered)."""


def field(
    description: str,
    *,
    example: Any = None,
    pattern: str | None = None,
    ge: int | None = None,
    le: int | None = None,
    min_length: int | None = None,
    stacks_file: str | None = None,
    is_path: bool = False,
    may_be_secret: bool = False,
) -> msgspec.Meta:
    """Return the description of a field, with an example and the bounds of its value.

    `stacks_file` marks a field that names a file in the stacks and says which field receives that file's content
    when the policy is compiled. `is_path` marks an absolute path on the host. `may_be_secret` marks one whose value
    gets into no argument of a program, no name, and no file but the one that its operator declares.
    """
    bounds = {"pattern": pattern, "ge": ge, "le": le, "min_length": min_length}
    options: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    if example is not None:
        options["examples"] = [example]
    extra = {"stacks_file": stacks_file, "is_path": is_path, "may_be_secret": may_be_secret}
    return msgspec.Meta(description=description, extra=extra, **options)


_WITH_PATH = frozenset({"path", "line", "part"})
"""The subjects of what a resource owns that name a path of the host."""

_TAKING_AWAY = frozenset({"absent", "stopped", "restarted", "reloaded", "unmounted"})
SpecT = TypeVar("SpecT", bound=Spec)
StateT = TypeVar("StateT")


class Resource(ABC, Generic[SpecT, StateT]):
    """One resource kind: its name in policies, its schema, how it is observed and what would be done.

    Kinds hold no state; one instance serves every resource.
    """

    kind: ClassVar[str]
    since: ClassVar[str]
    spec: ClassVar[type[Spec]]
    name_field: ClassVar[str | None] = None
    """The required field that a resource's own `name` fills in when the policy leaves it out, if there is one."""

    def validate(self, spec: SpecT) -> None:
        """Accept values that fit together, before any observation.

        Raises:
            InvalidError: with the field, what was found and what to do.
        """

    @abstractmethod
    def observe(self, spec: SpecT, host: ReadHost) -> StateT:
        """Return the part of the host's state that this resource is about.

        Raises:
            BlockedError: the host cannot answer for this kind.
            UnavailableError: something is there and cannot be read.
        """

    @abstractmethod
    def plan(self, spec: SpecT, state: StateT) -> Iterator[Op]:
        """Yield the operations that lead from the observed state to the declared one, in order; none when all is well.

        What is yielded before a `BlockedError` is still carried out: an image gets what an image allows.

        Raises:
            BlockedError: the host does not allow (the rest of) it now.
            InvalidError: the host shows that the declaration cannot hold.
        """

    def owns(self, spec: SpecT) -> tuple[str, ...]:
        """Return what this resource alone may manage on an envoy, as `subject:name` (`path:/etc/hosts`)."""
        del spec
        return ()

    def watches(self, spec: SpecT) -> tuple[str, ...]:
        """Return the paths on the host whose change may mean that the resource is no longer in its state.

        An agent looks at the resource anew when one of them changes: more than needed costs time, and what is left out
        is only noticed by the next full run. Unless a kind says otherwise they are the paths that it owns.
        """
        named = (owned.partition(":") for owned in self.owns(spec))
        paths = (name.partition(":")[0] for subject, _, name in named if subject in _WITH_PATH)
        return tuple(dict.fromkeys(path for path in paths if path.startswith("/")))

    def harms(self, spec: SpecT) -> tuple[str, ...]:
        """Return what this takes away, stops or starts anew, named as by `owns`, so that Vigo's own can be refused."""
        return self.owns(spec) if getattr(spec, "state", None) in _TAKING_AWAY else ()

    def settles(self, spec: SpecT) -> bool:
        """Return whether, once applied, observing again finds nothing to do. False for a bare command or a restart."""
        del spec
        return True

    def acts_each_time(self, spec: SpecT) -> bool:
        """Return whether it changes something in every pass unless it waits to be notified, as a bare command does."""
        return not self.settles(spec)

    def cannot_undo(self, spec: SpecT) -> str:
        """Return what of its work `on_remove: revert` will not bring back, as a sentence; empty where it is all."""
        del spec
        if isinstance(self, Revertible):
            return ""
        return f"the work of {self.kind} is not undone: declare the state that shall be then, or leave on_remove out"


class Footprint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a resource has a hand in at one thing, as far as undoing needs to know: no contents and no secrets.

    `owns` are the names by which another resource takes the thing over (see `Resource.owns`). `whole` says that there
    was nothing before, so that all of the thing is the resource's work, whatever its fields declare. Things with one
    `chain` may follow each other (see `Revertible.follows`).
    """

    owns: tuple[str, ...]
    whole: bool = False
    chain: str = ""

    def after(self, before: "Trace") -> Self:
        """Return this footprint, given what was there before the resource changed anything."""
        return msgspec.structs.replace(self, whole=self.whole or bool(before.absent))

    def joined(self, former: Self) -> Self:
        """Return this footprint of a resource with what it had a hand in when its declaration was another one."""
        flags = {
            name: True for name in self.__struct_fields__ if getattr(self, name) is False and getattr(former, name)
        }
        return msgspec.structs.replace(self, **flags)


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found at a footprint. A field of None was not looked at, and is not compared.

    `content` is the SHA-256 of content that may be brought back, and `former` that content itself; where it was not
    kept `unkept` says why.
    """

    absent: bool | None = None
    content: str | None = None
    former: bytes | None = None
    unkept: str | None = None

    def kept(self) -> Self:
        """Return what is stored and compared: without what is of use only while it is looked at."""
        return msgspec.structs.replace(self, former=None)


FootprintT = TypeVar("FootprintT", bound=Footprint)
TraceT = TypeVar("TraceT", bound=Trace)


class Past(NamedTuple, Generic[FootprintT, TraceT]):
    """One thing to bring back: from what is there now to what was there before."""

    footprint: FootprintT
    before: TraceT
    now: TraceT


class Revertible(ABC, Generic[SpecT, FootprintT, TraceT]):
    """The ability of a kind to say how its work is undone, for `on_remove: revert`.

    The engine asks for the footprints and looks at them before the first change, keeps what it found, and looks again
    afterwards and at the removal. Kinds that own things of one sort share their class of traces, so that one resource
    can take a thing over from another.
    """

    footprint: ClassVar[type[Footprint]]
    trace: ClassVar[type[Trace]]

    @abstractmethod
    def footprints(self, spec: SpecT) -> Mapping[str, FootprintT]:
        """Return what the resource has a hand in, each thing by a name that no other one of the resource has."""

    @abstractmethod
    def look(self, footprint: FootprintT, host: ReadHost, *, keep: bool = False) -> TraceT:
        """Return what is there of all that the footprint names; with `keep` also what only serves to bring it back.

        Raises:
            BlockedError: the host cannot answer.
            UnavailableError: something is there and cannot be read.
        """

    def follows(self, seen: TraceT, former: FootprintT) -> bool:
        """Return whether what is seen is the work of a resource with another footprint of the same name or chain.

        Then this one goes on with it, and what was before that one was before both.
        """
        del seen, former
        return True

    @abstractmethod
    def undo(self, pasts: Sequence[Past[FootprintT, TraceT]]) -> Iterator[Op]:
        """Yield the operations that lead from what is there to what was there before, in order.

        What is yielded before a `BlockedError` is still carried out.

        Raises:
            BlockedError: the host does not allow (the rest of) it, or it would harm what is others'.
        """


class TraitSet(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one set; every field has a `field(...)` description that names its unit."""

    is_open: ClassVar[bool] = False
    """Whether a machine's operators choose names of facts, so that those of the schema are not all there may be."""

    def as_values(self) -> dict[str, Any]:
        """Return the facts by name as built-in values, as they travel."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


Collect = Callable[[ReadHost], TraitSet]

EVERY_CYCLE = timedelta(0)


class Collector(msgspec.Struct, frozen=True):
    """A declared trait set: its name, how often it changes, how long reading may take, its schema and its reader."""

    name: str
    every: timedelta
    timeout: timedelta
    schema: type[TraitSet]
    collect: Collect


TraitT = TypeVar("TraitT", bound=TraitSet)


def collector(
    name: str, *, every: timedelta, timeout: timedelta
) -> Callable[[Callable[[ReadHost], TraitT]], Collector]:
    """Declare the decorated function as the collector of a trait set; its return annotation is the schema."""

    def declare(function: Callable[[ReadHost], TraitT]) -> Collector:
        schema = function.__annotations__["return"]
        return Collector(name, every, timeout, schema, function)

    return declare
