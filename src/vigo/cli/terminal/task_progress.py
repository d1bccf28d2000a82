"""A task as it goes on: what each machine prints, and how it ended there."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from vigo.cli.client.answers import TaskTarget, read
from vigo.core.errors import UnavailableError
from vigo.core.terminal import is_terminal, print_line

_COLOURS: Final = {
    "succeeded": "green",
    "failed": "red",
    "timed-out": "red",
    "lost": "red",
    "refused": "yellow",
    "cancelled": "yellow",
    "expired": "yellow",
}


def show(events: Iterable[Any], *, as_json: bool) -> int:
    """Print what a task tells until its end; return 0 where it succeeded everywhere, else 1.

    Raises:
        UnavailableError: the server stopped telling before that; the task goes on.
    """
    lines: dict[str, _Lines] = {}
    for event in events:
        kind = event.get("event")
        if kind == "output":
            lines.setdefault(event["hostname"], _Lines(event["hostname"], as_json=as_json)).add(event["text"])
        elif kind == "state" and event["target"]["state"] in _COLOURS:
            target = read(event["target"], TaskTarget)
            output = lines.pop(target.hostname, _Lines(target.hostname, as_json=as_json)).end()
            if as_json:
                _print_object(target, output)
            else:
                print_target(target)
        elif kind == "note":
            print_line(event["text"], error=True)
        elif kind == "beat":
            _print_waiting(event["counts"])
        elif kind == "end":
            return _ended(event["counts"], as_json=as_json)
    raise UnavailableError(
        "expected to hear of the task until it ended, found that the server stopped; it goes on: `vigocli task watch`"
        " shows it once the server is back"
    )


class Answer(NamedTuple):
    """What one machine answered. Without a value it did not, for a reason."""

    host: str
    state: str
    value: Any
    reason: str


def answers(events: Iterable[Any]) -> Iterator[Answer]:
    """Yield what machines answer to a query, as they do.

    Raises:
        UnavailableError: the server stopped telling before all had.
    """
    printed: dict[str, str] = {}
    for event in events:
        kind = event.get("event")
        if kind == "output":
            printed[event["hostname"]] = printed.get(event["hostname"], "") + event["text"]
        elif kind == "state" and event["target"]["state"] in _COLOURS:
            target = read(event["target"], TaskTarget)
            text = printed.pop(target.hostname, "")
            is_well = target.state == "succeeded"
            value = msgspec.json.decode(text) if is_well else None
            yield Answer(target.hostname, target.state, value, target.reason)
        elif kind == "beat":
            _print_waiting(event["counts"])
        elif kind == "end":
            return
    raise UnavailableError("expected all answers, found that the server stopped; ask again once it is back")


def print_answers(found: Iterable[Answer], *, as_json: bool, counted: bool) -> int:
    """Print answers as they come, or how many gave which; return 0 where all answered, else 1."""
    total, counts = 0, Counter[str]()
    for answer in found:
        total += 1
        is_well = answer.state == "succeeded"
        value = _written(answer.value)
        counts.update([value] if is_well else [])
        if as_json:
            _print_json(answer._asdict())
        elif not is_well:
            print_line(f"{answer.host}  {answer.state}: {answer.reason}", colour=_COLOURS[answer.state], error=True)
        elif not counted:
            print_line(f"{answer.host}  {value}")
    for value, count in counts.most_common() if counted and not as_json else ():
        print_line(f"{count:>6}  {value}")
    if not as_json:
        print_line(f"{counts.total()} of {total} answered", error=True)
    return 0 if counts.total() == total else 1


def print_meant(items: Iterable[Any]) -> None:
    """Print whom a task would be for."""
    for item in items:
        print_line(f"{item['hostname']}  {'connected' if item['connected'] else 'not connected'}")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def print_target(target: TaskTarget) -> None:
    """Print how a task stands on one machine."""
    code = f" with status {target.exit_code}" if target.exit_code not in (None, 0) else ""
    took = f" in {target.duration_ms / 1000:.1f} s" if target.duration_ms else ""
    reason = f": {target.reason}" if target.reason else ""
    print_line(f"{target.hostname}  {target.state}{code}{took}{reason}", colour=_COLOURS.get(target.state), bold=True)


class _Lines:
    """Prints what one machine says in whole lines, behind its name; with `as_json` it keeps it."""

    def __init__(self, hostname: str, *, as_json: bool) -> None:
        self._hostname = hostname
        self._as_json = as_json
        self._parts: list[str] = []
        self._open = ""

    def add(self, text: str) -> None:
        """Take the next part."""
        if self._as_json:
            self._parts.append(text)
            return
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            print_line(f"{self._hostname} | {line.removesuffix(chr(13))}")

    def end(self) -> str:
        """Print what has no end of line yet; return all that was kept."""
        if self._open:
            print_line(f"{self._hostname} | {self._open}")
        return "".join(self._parts)


def _print_object(target: TaskTarget, output: str) -> None:
    found = {
        "host": target.hostname,
        "state": target.state,
        "exit_code": target.exit_code,
        "output": output,
        "duration_ms": target.duration_ms,
        "reason": target.reason,
    }
    _print_json(found)


def _print_json(found: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    sys.stdout.flush()


def _print_waiting(counts: dict[str, int]) -> None:
    """Tell a person who sees nothing happen what is waited for."""
    going_on = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()) if state not in _COLOURS)
    if going_on and is_terminal(error=True):
        print_line(f"still going on: {going_on}", error=True)


def _ended(counts: dict[str, int], *, as_json: bool) -> int:
    total, well = sum(counts.values()), counts.get("succeeded", 0)
    if not as_json:
        others = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()) if state != "succeeded")
        print_line(f"{well} of {total} succeeded{f'; {others}' if others else ''}", error=True)
    return 0 if well == total else 1
