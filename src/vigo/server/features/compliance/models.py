"""Compliance: do these machines meet a framework's controls? That is another question than whether they converge."""

from datetime import date, datetime
from typing import Literal

import msgspec

from vigo.core.ids import GenerationNumber, RunId

ControlState = Literal["met", "waived", "unmet", "unknown", "unclaimed"]
"""Of a control on one envoy. `met`: a configcrate claims it, and did all its work in the last run. `unmet`: part of
that failed, is blocked or was skipped. `unknown`: the envoy has not told of the live policy. `unclaimed`: nothing
claims it there. `waived`: it is not met, and the stacks say who allowed that, and until when."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a control on one envoy, and from where."""

    hostname: str
    state: ControlState
    configcrates: tuple[str, ...]
    """Which claim it there."""
    run: RunId | None
    run_at: datetime | None
    reason: str = ""
    """Why it is not met, or the words of the waiver."""


class ControlCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """A control on all envoys. The evidence has those that are worst first, and no more than are shown."""

    control: str
    title: str
    counts: dict[ControlState, int]
    evidence: tuple[Evidence, ...]
    evidence_left_out: int


class EnvoyCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """All controls on one envoy."""

    hostname: str
    counts: dict[ControlState, int]


class WaiverItem(msgspec.Struct, frozen=True, kw_only=True):
    """An exception, as the stacks declare it."""

    controls: tuple[str, ...]
    match: tuple[str, ...]
    reason: str
    approved_by: str
    until: date
    ticket: str | None
    has_lapsed: bool


class FrameworkItem(msgspec.Struct, frozen=True, kw_only=True):
    """A framework that is claimed or declared, and how far it is met: controls times envoys."""

    framework: str
    title: str
    version: str | None
    controls: int
    counts: dict[ControlState, int]
    coverage_percent: float
    """Met and waived of all, one decimal."""


class FrameworkList(msgspec.Struct, frozen=True, kw_only=True):
    """All frameworks by name."""

    items: tuple[FrameworkItem, ...]
    next_cursor: str | None = None


class ComplianceReport(FrameworkItem, frozen=True, kw_only=True):
    """A framework on all envoys, or those whose hostname fits, as of one moment and generation."""

    at: datetime
    generation: GenerationNumber | None
    host: str | None
    envoys: tuple[EnvoyCoverage, ...]
    by_control: tuple[ControlCoverage, ...]
    waivers: tuple[WaiverItem, ...]
