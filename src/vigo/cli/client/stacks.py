"""Checking stacks, here with the compiler itself or by the server."""

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from vigo.cli.client import target
from vigo.cli.client.answers import read
from vigo.core.errors import ForbiddenError, InvalidError
from vigo.policy.diagnostics import Diagnostic

if TYPE_CHECKING:
    from vigo.cli.client.api import Api


class Size(NamedTuple):
    """How much there is in stacks without errors; what several entries use counts once."""

    entries: int
    configcrates: int
    resources: int


class Validated(NamedTuple):
    """What a check of stacks found. The size is None where there are errors, or the server did not tell."""

    where: str
    findings: tuple[Diagnostic, ...]
    size: Size | None = None

    @property
    def is_valid(self) -> bool:
        """Whether they could be published."""
        return all(finding.severity != "error" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        size = {} if self.size is None else self.size._asdict()
        # As the API writes them: a text where there is none, so that programs need not look twice.
        findings = [
            msgspec.to_builtins(one) | {"source_line": one.source_line or "", "hint": one.hint or ""}
            for one in self.findings
        ]
        return {"valid": self.is_valid, **size, "diagnostics": findings}


class _Warned(msgspec.Struct):
    warnings: tuple[Diagnostic, ...]


def stacks_here(data_dir: Path | None) -> Path | None:
    """Return the stacks of a data folder, or of this host's where there is no login; None where the login decides."""
    if data_dir is not None:
        return data_dir / "stacks"
    from vigo.cli.client.login_file import LoginFile  # noqa: PLC0415 - a data folder needs none

    usual = target.DEFAULT_DATA_DIR / "stacks"
    is_usual = LoginFile.of(os.environ).load() is None and os.access(usual, os.R_OK | os.X_OK)
    return usual if is_usual else None


def validated_by(api: "Api") -> Validated:
    """Return what the server finds in its own stacks."""
    from vigo.cli.client.api import RejectedStacksError  # noqa: PLC0415 - a check here needs no HTTP client

    where = f"the stacks of {api.target.url}"
    try:
        answer = read(api.post("generations/validate"), _Warned)
    except RejectedStacksError as error:
        return Validated(where, error.findings)
    return Validated(where, answer.warnings)


def validated_here(folder: Path, today: date) -> Validated:
    """Return what the compiler finds in a folder, and the waivers that have lapsed by a day in UTC.

    Raises:
        InvalidError: there is no such folder.
        ForbiddenError: we may not read it.
    """
    from vigo.policy.compiling import compile_stacks  # noqa: PLC0415 - the compiler is for this one command
    from vigo.policy.compliance import lapsed_waivers  # noqa: PLC0415 - the same
    from vigo.policy.sources import read_sources  # noqa: PLC0415 - the same

    check_readable(folder)
    sources = read_sources(folder)
    compiled = compile_stacks(sources)
    # The compiler knows no day: the same stacks always compile to the same.
    found = (*compiled.diagnostics, *lapsed_waivers(sources, today))
    findings = tuple(sorted(found, key=lambda one: (one.file, one.line, one.column)))
    if compiled.policy is None:
        return Validated(str(folder), findings)
    policy = compiled.policy
    return Validated(
        str(folder), findings, Size(len(policy.entries), len(policy.configcrates()), len(policy.resource_ids()))
    )


def check_readable(folder: Path) -> None:
    """Accept a folder that we may read.

    Raises:
        InvalidError: there is no such folder.
        ForbiddenError: we may not read it.
    """
    try:
        next(folder.iterdir(), None)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidError(
            f"{folder}: expected the folder of the stacks, found {'none' if not folder.exists() else 'a file'}; give"
            " --stacks DIR, or --data-dir of the server"
        ) from error
    except OSError as error:
        raise ForbiddenError(
            f"{folder}: cannot be read: {error.strerror}; run vigocli as root or as the folder's owner"
        ) from error
