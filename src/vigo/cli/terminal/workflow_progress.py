"""A workflow's run as it goes on: each step, and how it ended."""

import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from vigo.cli.client.answers import read
from vigo.cli.client.workflow_answers import StepItem, WorkflowRunDetail
from vigo.cli.terminal.moments import exact, told
from vigo.cli.terminal.table import print_table
from vigo.core.clock import SystemClock
from vigo.core.errors import UnavailableError
from vigo.core.terminal import is_terminal, print_line

COLOURS: Final = {"succeeded": "green", "failed": "red", "aborted": "yellow", "waiting": None, "running": "cyan"}
_OVER: Final = frozenset({"succeeded", "failed", "aborted"})


def show(events: Iterable[Any], run: str, *, as_json: bool) -> int:
    """Print what a run tells until its end; return 0 where it succeeded, else 1.

    Raises:
        UnavailableError: the server stopped telling before that; the run goes on once it is back.
    """
    states: dict[str, str] = {}
    for event in events:
        kind = event.get("event")
        if kind == "step":
            step = read(event["step"], StepItem)
            is_news, states[step.position] = states.get(step.position) != step.state, step.state
            if as_json:
                _print_object(event["step"], step)
            elif is_news:
                _print_step(step, run)
            elif is_terminal(error=True):
                print_line(f"{step.position}  {step.title}: {step.counted()}", error=True)
        elif kind == "beat":
            if event["at"] and is_terminal(error=True):
                print_line(f"still at {event['at']}", error=True)
        elif kind == "end":
            return _ended(event["state"], event["reason"], as_json=as_json)
    raise UnavailableError(
        "expected to hear of the workflow until it ended, found that the server stopped; the run goes on once it is"
        f" back: `vigocli workflow watch {run}` shows it"
    )


def print_run(found: WorkflowRunDetail) -> None:
    """Print a run with its steps."""
    now = SystemClock().now()
    print_line(found.name, bold=True)
    print_line(f"begun   {told(found.created_at, now)} by {found.created_by}")
    if found.parameters:
        print_line("given   " + ", ".join(f"{name}={value}" for name, value in found.parameters.items()))
    if found.target:
        print_line(f"target  {found.target}")
    print_line(f"state   {found.state}{f': {found.reason}' if found.reason else ''}", colour=COLOURS.get(found.state))
    if found.ended_at is not None:
        print_line(f"ended   {told(found.ended_at, now)}")
    print_line()
    rows = [[one.position, one.state, one.counted(), one.title, _remark(one)] for one in found.steps]
    print_table(("STEP", "STATE", "MACHINES", "WHAT", "REMARK"), rows)
    if found.state == "waiting":
        print_line(f"it waits for approval: `vigocli workflow approve {found.id}`", colour="yellow", error=True)


def _remark(step: StepItem) -> str:
    parts = [f"on {step.named()}"] if step.some else []
    parts += [step.reason] if step.reason else []
    parts += [f"until {exact(step.until)}"] if step.until and step.state == "running" else []
    parts += [f"task {step.task}"] if step.task else []
    return "; ".join(parts)


def _print_step(step: StepItem, run: str) -> None:
    counted = f" on {step.named()}" if step.machines and step.state == "running" else ""
    done = f", {step.counted()}" if step.machines and step.state in _OVER else ""
    reason = f": {step.reason}" if step.reason else ""
    print_line(f"{step.position}  {step.title}  {step.state}{counted}{done}{reason}", colour=COLOURS.get(step.state))
    if step.kind == "approval" and step.state == "running":
        who = f" by {', '.join(step.approvers)}" if step.approvers else ""
        until = f" until {exact(step.until)}" if step.until else ""
        print_line(f"it waits for approval{who}{until}: `vigocli workflow approve {run}`", colour="yellow", error=True)


def _print_object(found: dict[str, Any], step: StepItem) -> None:
    if step.state in _OVER:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()


def _ended(state: str, reason: str, *, as_json: bool) -> int:
    if not as_json:
        how = "was aborted" if state == "aborted" else f"has {state}"
        print_line(f"the workflow {how}{f': {reason}' if reason else ''}", colour=COLOURS.get(state), error=True)
    return 0 if state == "succeeded" else 1
