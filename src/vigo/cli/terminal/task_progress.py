"""A task as it goes on: what each machine prints, and how it ended there."""

import sys
from collections.abc import Iterable
from typing import Any, Final

from vigo.cli.client.answers import TaskTarget, read
from vigo.core.errors import UnavailableError
from vigo.core.terminal import print_line

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
        elif kind == "end":
            return _ended(event["counts"], as_json=as_json)
    raise UnavailableError(
        "expected to hear of the task until it ended, found that the server stopped; it goes on: `vigocli task watch`"
        " shows it once the server is back"
    )


def print_target(target: TaskTarget) -> None:
    """Print how a task stands on one machine."""
    code = f" with status {target.exit_code}" if target.exit_code not in (None, 0) else ""
    took = (
        "" if target.duration_ms is None or target.state not in _COLOURS else f" in {target.duration_ms / 1000:.1f} s"
    )
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
    import msgspec  # noqa: PLC0415 - people who read need it not

    found = {
        "host": target.hostname,
        "state": target.state,
        "exit_code": target.exit_code,
        "output": output,
        "duration_ms": target.duration_ms,
        "reason": target.reason,
    }
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    sys.stdout.flush()


def _ended(counts: dict[str, int], *, as_json: bool) -> int:
    total, well = sum(counts.values()), counts.get("succeeded", 0)
    if not as_json:
        others = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()) if state != "succeeded")
        print_line(f"{well} of {total} succeeded{f'; {others}' if others else ''}", error=True)
    return 0 if well == total else 1
