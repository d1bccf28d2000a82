"""A plan from two folders of stacks and a file of envoys: for a check of a change that asks no server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from vigo.catalog.scan import resource_kinds
from vigo.cli.client.stacks import check_readable
from vigo.core.encoding import digest, digest_of
from vigo.core.errors import InvalidError, NotFoundError
from vigo.core.hostnames import canonical_hostname, check_pattern, matches
from vigo.core.ids import EnvoyId
from vigo.core.traits import Traits
from vigo.policy.compiling import CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import Diagnostic
from vigo.policy.planning.answer import FleetPlan
from vigo.policy.planning.fleet import FleetMachine, plan_fleet
from vigo.policy.planning.telling import IN_FULL, IN_SHORT
from vigo.policy.sources import read_sources

_EXPORT: Final = "`vigocli envoys show NAME --json` of each envoy, one behind the other"
_SOMETHING: Final = re.compile(r"\S")


class Asked(NamedTuple):
    """What shall be planned: stacks in place of others, or of none, for the envoys in a file, or for some of them."""

    stacks: Path
    against: Path | None
    envoys: Path
    host: str | None = None
    environment: str | None = None
    in_full: bool = False


class Planned(NamedTuple):
    """A plan, or None where one of the two has errors; `folder` is the one that the findings are about."""

    plan: FleetPlan | None
    folder: Path
    findings: tuple[Diagnostic, ...]
    stage_digest: str = ""

    def as_json(self, asked: Asked) -> dict[str, Any]:
        """Return the plan as the API would send it; no generation is live here."""
        only = {"host": asked.host, "environment": asked.environment}
        warnings = [
            msgspec.to_builtins(one) | {"source_line": one.source_line or "", "hint": one.hint or ""}
            for one in self.findings
        ]
        plan = msgspec.to_builtins(self.plan)
        return {**plan, "live": None, "stage_digest": self.stage_digest, "only": only, "warnings": warnings}


class _Envoy(msgspec.Struct):
    hostname: str
    status: str = "active"
    traits: Traits | None = None


def plan_here(asked: Asked) -> Planned:
    """Return what changes for the envoys in a file when some stacks take the place of others.

    Raises:
        InvalidError: a folder or the file is missing or holds something else.
        ForbiddenError: we may not read a folder.
        NotFoundError: no envoy in the file fits.
    """
    if asked.host is not None:
        check_pattern(asked.host)
    fleet = {one.hostname: one for one in _envoys_in(asked.envoys) if one.status == "active"}
    hosts = sorted(name for name in fleet if asked.host is None or matches(asked.host, name))
    before: CompiledPolicy | None = None
    if asked.against is not None:
        before, found = _compiled(asked.against)
        if before is None:
            return Planned(None, asked.against, found)
    check_readable(asked.stacks)
    sources = read_sources(asked.stacks)
    compiled = compile_stacks(sources)
    if compiled.policy is None:
        return Planned(None, asked.stacks, compiled.diagnostics)
    plan = plan_fleet(
        before,
        compiled.policy,
        [FleetMachine(EnvoyId(name), name) for name in hosts],
        # An envoy that told none yet is shown with an empty map.
        lambda some: {one: traits for one in some if (traits := fleet[one].traits)},
        resource_kinds(),
        environment=asked.environment,
        bounds=IN_FULL if asked.in_full else IN_SHORT,
    )
    if not plan.envoys.total and (asked.host or asked.environment):
        raise NotFoundError(f"{asked.envoys}: expected an envoy with that hostname and environment, found none")
    content = digest_of({name: digest(text) for name, text in sources.files.items()})
    return Planned(plan, asked.stacks, compiled.diagnostics, content)


def _compiled(folder: Path) -> tuple[CompiledPolicy | None, tuple[Diagnostic, ...]]:
    check_readable(folder)
    compiled = compile_stacks(read_sources(folder))
    return compiled.policy, compiled.diagnostics


def _envoys_in(path: Path) -> Iterator[_Envoy]:
    """Yield the envoys in a file of JSON documents: single ones with their traits, or lists of them."""
    for document in _documents(path):
        several = document.get("items", [document]) if isinstance(document, dict) else document
        try:
            found = msgspec.convert(several, list[_Envoy])
        except msgspec.ValidationError as error:
            raise InvalidError(f"{path}: expected envoys, as {_EXPORT}; found something else: {error}") from error
        for one in found:
            one.hostname = canonical_hostname(one.hostname)
            yield one


def _documents(path: Path) -> Iterator[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise InvalidError(f"{path}: cannot be read: {reason}; give a file with {_EXPORT}") from error
    decoder, at = json.JSONDecoder(), 0
    while (found := _SOMETHING.search(text, at)) is not None:
        try:
            document, at = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError) as error:
            raise InvalidError(f"{path}: expected JSON, as {_EXPORT}; found something else: {error}") from error
        yield document
