"""The kind `custom`."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec

from vigo.catalog.api import Command, FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.custom_answers import CustomAnswer, parse_answer, question
from vigo.catalog.formats.names import check_one_line, shown
from vigo.catalog.ops import Op
from vigo.catalog.ops.custom import RunCustom
from vigo.catalog.resources.commands.guarding import TOUCHES
from vigo.core.errors import BlockedError, InvalidError, QuotingError, UnavailableError

FOLDER = "/etc/vigo/executors.d"
_FOLDERS = ("/etc", "/etc/vigo", FOLDER)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LIMIT = timedelta(minutes=1)
_OTHERS_MAY_WRITE = 0o022
_EXECUTABLE = 0o111


class CustomSpec(Spec, frozen=True, kw_only=True):
    """Something that a program of the operator's own observes and changes."""

    custom: Annotated[str, field("The program below /etc/vigo/executors.d.", example="license")]
    params: Annotated[
        Mapping[str, Any],
        field("What the program is told; any values.", example={"key": "ABC", "seats": 4}, may_be_secret=True),
    ] = {}
    state: Annotated[str, field("A state that the program knows.", example="present")] = "present"


class CustomState(msgspec.Struct, frozen=True):
    """What the program says is to be done."""

    answer: CustomAnswer


class Custom(Resource[CustomSpec, CustomState]):
    """The program reads one JSON object: `name`, `state`, `params` and `dry_run`; it prints one, see below.

    With `dry_run` true it only looks, and prints `changed` (whether there is something to do), `action` (what, in a
    few words) and, where it likes, `diff`. With false it does it. An `error`, or another exit status than 0, is a
    failure. Asked again afterwards it has to answer `changed: false`. Program and folders must be root's, and nobody
    else's to write. In an image it is not run.
    """

    kind, since, spec = "custom", "0.1", CustomSpec
    name_field = "custom"

    def validate(self, spec: CustomSpec) -> None:
        """Accept the name of a program and values that JSON can hold."""
        if not _NAME.fullmatch(spec.custom):
            raise InvalidError(
                f"custom: expected a program's name of letters, digits, `_`, `-` and dots, found {shown(spec.custom)}"
            )
        check_one_line("state", spec.state)
        try:
            question(spec.custom, spec.state, spec.params, dry_run=True)
        except (TypeError, ValueError) as error:
            raise InvalidError(f"params: expected values that JSON can hold, found others: {error}") from error

    def observe(self, spec: CustomSpec, host: ReadHost) -> CustomState:
        """Return what the program answers when it only looks.

        Raises:
            BlockedError: there is no such program, or this is an image.
            UnavailableError: it is not root's alone, or does not answer.
        """
        if host.is_image():
            raise BlockedError("custom: not run in an image (--root): it would look at the running machine")
        path = f"{FOLDER}/{spec.custom}"
        _require_trusted(host, path)
        given = question(spec.custom, spec.state, spec.params, dry_run=True)
        result = host.check(Command(argv=(path,), stdin=given, timeout=_LIMIT))
        if result.status != 0:
            # What it printed may hold secrets.
            raise UnavailableError(
                f"custom: expected {path} to end with status 0, found {result.status}; run it by hand"
            )
        try:
            answer = parse_answer(result.stdout)
        except InvalidError as error:
            raise QuotingError(f"custom: {path}: {error}") from error
        if answer.error:
            raise QuotingError(f"custom: {path} says: {shown(answer.error)}")
        return CustomState(answer)

    def plan(self, spec: CustomSpec, state: CustomState) -> Iterator[Op]:
        """Yield the program where it says that there is something to do."""
        if state.answer.changed:
            yield RunCustom(
                argv=(f"{FOLDER}/{spec.custom}",),
                touches=TOUCHES,
                stdin=question(spec.custom, spec.state, spec.params, dry_run=False),
                action=state.answer.action,
                diff=state.answer.diff,
            )

    def owns(self, spec: CustomSpec) -> tuple[str, ...]:
        """Return nothing: what the program looks after only it knows."""
        del spec
        return ()

    def cannot_undo(self, spec: CustomSpec) -> str:
        """Say that nobody but the program knows what it did."""
        del spec
        return "the work of an own program is not undone: declare another state for it, or leave on_remove out"


def _require_trusted(host: ReadHost, path: str) -> None:
    stat = host.stat(path)
    if stat is None:
        raise BlockedError(f"custom: expected the program {path}, found none; put it there by a file resource first")
    agent = host.stat("/proc/self/stat")
    trusted = {0} if agent is None else {0, agent.uid}
    for place, kind in (*((folder, "directory") for folder in _FOLDERS), (path, "file")):
        reason = _distrusted(host.stat(place), kind, trusted)
        if reason:
            raise UnavailableError(f"custom: {place}: {reason}; it is not run until then")
    if not stat.mode & _EXECUTABLE:
        raise UnavailableError(f"custom: {path}: expected a program, found mode {stat.mode:04o}; chmod 0755 it")


def _distrusted(stat: FileStat | None, kind: str, trusted: set[int]) -> str:
    """Return why nobody should run what is there, or an empty text."""
    if stat is None or stat.kind != kind:
        return f"expected a {kind}, found {'nothing' if stat is None else f'a {stat.kind}'}"
    if stat.uid not in trusted:
        return f"expected it to be root's, found uid {stat.uid}; chown root it"
    if stat.mode & _OTHERS_MAY_WRITE:
        return f"expected that only root may write to it, found mode {stat.mode:04o}; chmod go-w it"
    return ""
