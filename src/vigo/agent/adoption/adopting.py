"""Adopting a machine: from what it has to stacks that declare it, and whose first run changes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from vigo.agent.adoption.candidates import Candidate, Found, LeftOut, content_bytes, packages, services, users
from vigo.agent.adoption.entries import entry_at
from vigo.agent.adoption.globs import matching
from vigo.agent.adoption.judging import judged
from vigo.agent.adoption.writing import stacks
from vigo.catalog.api import ReadHost

MOST_CONTENT_BYTES = 32 * 1024 * 1024
"""How much all files that are adopted may hold: what the server takes as one machine's bundle, less its base64."""

Tell = Callable[[str], None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be adopted. `private` takes files too that not everybody may read."""

    packages: bool = False
    services: bool = False
    users: bool = False
    files: tuple[str, ...] = ()
    private: bool = False


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """The stacks, how many resources each configcrate has, and what was left out."""

    hostname: str
    files: Mapping[str, bytes]
    counts: Mapping[str, int]
    left_out: tuple[LeftOut, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs, without contents."""
        left = [{"name": one.name, "reason": one.reason} for one in self.left_out]
        return {
            "hostname": self.hostname,
            "files": sorted(self.files),
            "resources": dict(self.counts),
            "left_out": left,
        }


def adopt(host: ReadHost, hostname: str, wanted: Wanted, tell: Tell) -> Adopted:
    """Return stacks of what the host has of all that is wanted. `tell` is given lines of progress.

    Each resource was observed by its kind, which found nothing to do; what does not hold so is left out.

    Raises:
        InvalidError: a pattern is none, or finds too many files.
        UnavailableError: a directory of a pattern cannot be read.
    """
    crates: dict[str, list[Candidate]] = {}
    left: list[LeftOut] = []
    room = MOST_CONTENT_BYTES
    for name, found in _sources(host, wanted):
        kept = crates.setdefault(f"adopted-{name}", [])
        for one in found:
            verdict = judged(_fitting(one, room), host)
            if isinstance(verdict, LeftOut):
                left.append(verdict)
            else:
                kept.append(verdict)
                room -= content_bytes(verdict)
        tell(f"{name}: {len(kept)} adopted")
    counts = {name: len(kept) for name, kept in crates.items() if kept}
    files = stacks(hostname, crates) if counts else {}
    return Adopted(hostname=hostname, files=files, counts=counts, left_out=tuple(left))


def _fitting(found: Found, room: int) -> Found:
    """Return what is found, or that its content has no room left."""
    if isinstance(found, LeftOut) or content_bytes(found) <= room:
        return found
    limit = f"at most {MOST_CONTENT_BYTES >> 20} MiB of files in all"
    return LeftOut(name=found.name, reason=f"a machine's policy holds {limit}; name fewer, or use a package for them")


def _sources(host: ReadHost, wanted: Wanted) -> Iterator[tuple[str, Iterator[Found]]]:
    finds = {"packages": packages, "users": users, "services": services}
    for name, find in finds.items():
        if getattr(wanted, name):
            yield name, find(host)
    if wanted.files:
        yield "files", _files(host, wanted.files, private=wanted.private)


def _files(host: ReadHost, patterns: Sequence[str], *, private: bool) -> Iterator[Found]:
    seen: set[str] = set()
    for pattern in patterns:
        paths = [path for path in matching(host, pattern) if path not in seen]
        if not paths:
            yield LeftOut(name=pattern, reason="nothing matches it")
        seen.update(paths)
        for path in paths:
            yield entry_at(host, path, private=private)
