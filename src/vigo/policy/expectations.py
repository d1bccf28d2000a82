"""What the tests of the stacks expect, held against what their machines get; pure."""

import difflib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from vigo.catalog.api import Resource
from vigo.core.nearest import did_you_mean
from vigo.core.plan import Origin
from vigo.core.secret_marker import written
from vigo.policy.compiling import CompiledPolicy
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.tests import Expected, ExpectedResource, PolicyTest, is_test_file, read_tests
from vigo.policy.fields import Field, fields_of, typed_value
from vigo.policy.scalars import is_null
from vigo.policy.sources import Sources
from vigo.policy.trials import Kinds, Machine, Trial, TriedResource, default_of, try_policy
from vigo.policy.yaml_tree import Entry, Scalar

_MOST_DIFF_LINES: Final = 40
_LONGEST_VALUE: Final = 160
_MOST_ERRORS: Final = 3


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as expected, and where the expectation stands; `diff` compares texts of several lines."""

    place: Origin
    message: str
    diff: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """A test, and all that is not as it expects."""

    test: PolicyTest
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences


def all_tests(sources: Sources) -> tuple[PolicyTest, ...]:
    """Return the tests of stacks that compile, by file and in its order."""
    reading = Reading(sources.files, Findings(SourceLines(sources.files)))
    files = sorted(file for file in sources.files if is_test_file(file))
    return tuple(test for file in files for test in read_tests(reading, file))


def judge(policy: CompiledPolicy, test: PolicyTest, kinds: Kinds) -> Verdict:
    """Return whether a machine gets what a test expects."""
    trial = try_policy(policy, Machine(test.host.text, test.traits, test.facts), kinds)
    found = _Judge(test, trial, kinds).differences()
    return Verdict(test, tuple(sorted(found, key=lambda one: (one.place.line, one.place.column))))


class _Judge:
    def __init__(self, test: PolicyTest, trial: Trial, kinds: Kinds) -> None:
        self._test = test
        self._expected: Expected = test.expected
        self._trial = trial
        self._kinds = kinds

    def differences(self) -> Iterator[Difference]:
        plan, expected = self._trial.plan, self._expected
        if expected.error is not None:
            yield from self._error(expected.error)
        if plan is None:
            if expected.error is None:
                yield Difference(place=self._test.host.origin, message=self._uncovered)
            return
        if expected.environment is not None:
            yield from _environment(expected.environment, plan.environment)
        if expected.roles is not None and tuple(role.text for role in expected.roles) != plan.roles:
            place = expected.roles[0].origin if expected.roles else expected.origin
            wanted, found = [role.text for role in expected.roles], list(plan.roles)
            yield Difference(place=place, message=f"roles: expected {shown(wanted)}, found {shown(found)}")
        for one in expected.resources:
            yield from self._resource(one)
        for id_ in expected.absent:
            yield from self._absent(id_)
        for id_ in expected.skipped:
            yield from self._skipped(id_)
        yield from self._order()

    @property
    def _uncovered(self) -> str:
        return f"expected an entry that covers {self._test.host.text}, found none"

    def _error(self, expected: Scalar) -> Iterator[Difference]:
        tried = self._trial.resources
        found = [f"{id_}: {problem}" for id_, one in tried.items() for problem in one.problems]
        if self._trial.plan is None:
            found.append(self._uncovered)
        if not any(expected.text in one for one in found):
            told = "; ".join(found[:_MOST_ERRORS]) or "none"
            message = f"expected an error with {shown(expected.text)} in it, found {told}"
            yield Difference(place=expected.origin, message=message)

    def _resource(self, expected: ExpectedResource) -> Iterator[Difference]:
        id_ = expected.id
        tried = self._trial.resources.get(id_.text)
        if tried is None:
            yield self._missing(id_)
            return
        if tried.reason and not (tried.outcome == "failed" and self._expected.error is not None):
            told = {"failed": "found that it fails", "unknown": "found that it is not known here"}
            message = f"{id_.text}: expected it on the machine, {told.get(tried.outcome, 'found it skipped')}"
            yield Difference(place=id_.origin, message=f"{message}: {tried.reason}")
            return
        for entry in expected.fields:
            yield from _field(entry, tried, self._kinds[tried.planned.type])

    def _absent(self, id_: Scalar) -> Iterator[Difference]:
        tried = self._trial.resources.get(id_.text)
        if tried is not None and tried.outcome != "skipped":
            found = f"that it is not known here: {tried.reason}" if tried.outcome == "unknown" else "it"
            message = f"{id_.text}: expected it not to be on the machine, found {found}"
            if tried.outcome != "unknown":
                message += f"; it stands at {tried.planned.origin}"
            yield Difference(place=id_.origin, message=message)

    def _skipped(self, id_: Scalar) -> Iterator[Difference]:
        tried = self._trial.resources.get(id_.text)
        if tried is None:
            yield self._missing(id_)
        elif tried.outcome != "skipped":
            found = tried.reason or ("all its conditions true" if tried.planned.conditions else "that it has none")
            message = f"{id_.text}: expected one of its conditions to be false, found {found}"
            yield Difference(place=id_.origin, message=message)

    def _order(self) -> Iterator[Difference]:
        positions = {id_: index for index, id_ in enumerate(self._trial.resources)}
        known = [id_ for id_ in self._expected.order if id_.text in positions]
        for id_ in self._expected.order:
            if id_.text not in positions:
                yield self._missing(id_)
        for first, second in pairwise(known):
            if positions[first.text] > positions[second.text]:
                message = f"order: expected {second.text} after {first.text}, found it before"
                yield Difference(place=second.origin, message=message)

    def _missing(self, id_: Scalar) -> Difference:
        near = did_you_mean(id_.text, self._trial.resources)
        return Difference(
            place=id_.origin, message=f"{id_.text}: expected it on the machine, found no such resource{near}"
        )


def shown(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + " (cut here)"


def _environment(expected: Scalar, found: str | None) -> Iterator[Difference]:
    wanted = None if is_null(expected) else expected.text
    if wanted != found:
        message = f"environment: expected {wanted or 'none'}, found {found or 'none'}"
        yield Difference(place=expected.origin, message=message)


def _field(entry: Entry, tried: TriedResource, kind: Resource[Any, Any]) -> Iterator[Difference]:
    name, place = entry.key.text, entry.value.origin
    known = fields_of(kind)
    field = known.get(name)
    prefix = f"{tried.planned.id}, {name}"
    if field is None:
        message = f"{prefix}: {tried.planned.type} has no such field{did_you_mean(name, known)}"
        yield Difference(place=entry.key.origin, message=message)
        return
    if field.content_field is not None:
        message = f"{prefix}: this file is read when the stacks are compiled; expect `{field.content_field}` instead"
        yield Difference(place=entry.key.origin, message=message)
        return
    refused: list[Difference] = []
    wanted = typed_value(entry.value, field, lambda at, why: refused.append(Difference(place=at, message=why)))
    if refused:
        yield from refused
        return
    reason = tried.failed.get(name) or tried.unknown.get(name)
    if reason is not None:
        told = "that it fails" if name in tried.failed else "that it is not known here"
        yield Difference(place=place, message=f"{prefix}: expected {shown(written(wanted))}, found {told}: {reason}")
        return
    wanted, found = _plain(written(wanted), field), _plain(tried.fields.get(name, default_of(kind, name)), field)
    if wanted != found:
        yield _compared(place, prefix, wanted, found)


def _compared(place: Origin, prefix: str, wanted: Any, found: Any) -> Difference:
    message = f"{prefix}: expected {shown(wanted)}, found {shown(found)}"
    if not (isinstance(wanted, str) and isinstance(found, str) and "\n" in (wanted + found).rstrip("\n")):
        return Difference(place=place, message=message)
    lines = difflib.unified_diff(wanted.split("\n"), found.split("\n"), lineterm="", n=2)
    compared = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    if compared[-1:] == [" "]:  # what stands behind the last line feed of both
        compared.pop()
    diff = tuple(line[:_LONGEST_VALUE].rstrip() for line in compared[:_MOST_DIFF_LINES])
    return Difference(place=place, message=f"{prefix}: expected the lines with -, found those with +", diff=diff)


def _plain(value: Any, field: Field) -> Any:
    """Return a value such that two that mean the same are equal."""
    try:
        return msgspec.to_builtins(msgspec.convert(value, field.hint, strict=False))
    except msgspec.ValidationError:
        return msgspec.to_builtins(value)
