"""Which entry covers a hostname: the first one that matches. Exact names are looked up, patterns tried in order."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from vigo.core.hostnames import is_exact, matches
from vigo.core.plan import Origin
from vigo.policy.diagnostics import Findings
from vigo.policy.yaml_tree import Scalar

# Stand for whatever a `*` of one glob covers; no pattern has such a character in it.
_ANY_ONE: Final = "\x00"
_ANY_MANY: Final = _ANY_ONE * 300
_COVERS_ALL: Final = frozenset({"*", "~.*", "~^.*$", "~^.*", "~.*$"})


class _Pattern(NamedTuple):
    entry: int
    text: str


class Matcher:
    """Finds the first of some entries that covers a hostname."""

    def __init__(self, patterns: Sequence[Sequence[str]]) -> None:
        self._exact: dict[str, int] = {}
        self._by_prefix: dict[str, list[_Pattern]] = {}
        for entry, texts in enumerate(patterns):
            for text in texts:
                if is_exact(text):
                    self._exact.setdefault(_canonical(text), entry)
                else:
                    self._by_prefix.setdefault(_literal_prefix(text), []).append(_Pattern(entry, text))
        self._longest_prefix = max((len(prefix) for prefix in self._by_prefix), default=0)

    def first(self, hostname: str) -> int | None:
        """Return the index of the first entry that covers a hostname, or None."""
        name = _canonical(hostname)
        exact = self._exact.get(name)
        for entry, text in self._candidates(name):
            if exact is not None and entry >= exact:
                break
            if matches(text, name):
                return entry
        return exact

    def first_that_covers(self, pattern: str, before: int) -> int | None:
        """Return the index of the first entry before another one that covers all that a pattern covers, or None.

        Only what is certain counts: of two different regular expressions nothing is known.
        """
        if is_exact(pattern):
            found = self.first(pattern)
            return found if found is not None and found < before else None
        text = _canonical(pattern)
        for entry, earlier in self._candidates(text):
            if entry >= before:
                break
            if earlier in _COVERS_ALL or _canonical(earlier) == text or _glob_covers(earlier, text):
                return entry
        return None

    def _candidates(self, name: str) -> Iterable[_Pattern]:
        """Return the patterns whose letters before the first wildcard begin a name, in the order of their entries."""
        lengths = range(min(len(name), self._longest_prefix) + 1)
        found = [patterns for length in lengths if (patterns := self._by_prefix.get(name[:length]))]
        return found[0] if len(found) == 1 else heapq.merge(*found)


class Entry(Protocol):
    """Something that is for the machines that its patterns cover."""

    @property
    def origin(self) -> Origin:
        """Where it stands."""
        ...

    @property
    def patterns(self) -> tuple[Scalar, ...]:
        """The patterns."""
        ...


def warn_of_shadows(findings: Findings, entries: Sequence[Entry], matcher: Matcher) -> None:
    """Record a warning for each entry that can never match, since earlier ones cover all its patterns."""
    for index, entry in enumerate(entries):
        covering = [matcher.first_that_covers(pattern.text, index) for pattern in entry.patterns]
        found = sorted({one for one in covering if one is not None})
        if covering and None not in covering:
            named = " and ".join(
                f"{entries[one].origin.file}:{entries[one].origin.line}"
                f" ({', '.join(pattern.text for pattern in entries[one].patterns[:3])})"
                for one in found[:3]
            )
            verbs = ("comes", "covers") if len(found) == 1 else ("come", "cover")
            message = f"this entry can never match: {named}, which {verbs[0]} first, {verbs[1]} all its hostnames"
            findings.warning(entry.origin, "shadowed", message, hint="put it before, or remove it")


def _canonical(text: str) -> str:
    return text if text.startswith("~") else text.removesuffix(".").lower()


def _literal_prefix(pattern: str) -> str:
    if pattern.startswith("~"):
        return ""
    text = _canonical(pattern)
    return text[: min((text.index(one) for one in "*?[" if one in text), default=len(text))]


def _glob_covers(earlier: str, later: str) -> bool:
    if earlier.startswith("~") or later.startswith("~") or "[" in earlier + later:
        return False
    # What any single character and what nothing and very much in place of `*` satisfy, everything between does too.
    ones = later.replace("?", _ANY_ONE)
    return all(matches(earlier, ones.replace("*", stand_in)) for stand_in in ("", _ANY_ONE, _ANY_MANY))
