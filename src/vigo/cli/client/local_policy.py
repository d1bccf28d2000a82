"""A policy that is compiled here, for commands that ask no server; and the made-up machines that are tried with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from vigo.cli.client.connecting import invocation
from vigo.cli.client.stacks import check_readable, stacks_here
from vigo.core.errors import InvalidError
from vigo.core.traits import Traits
from vigo.policy.compiling import CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.documents.facts import Facts, read_facts
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.traits import read_traits
from vigo.policy.sources import Sources, read_sources
from vigo.policy.yaml_tree import Node

T = TypeVar("T")


class LocalPolicy(NamedTuple):
    """What a folder of stacks compiles to; the policy is None where there are errors."""

    folder: Path
    sources: Sources
    policy: CompiledPolicy | None
    findings: tuple[Diagnostic, ...]


def folder_here(ctx: click.Context, stacks: Path | None) -> Path:
    """Return the folder of stacks that a command is about, by default that of the data folder.

    Raises:
        click.UsageError: neither is given, and this host has no stacks of its own.
        InvalidError: there is no such folder.
        ForbiddenError: we may not read it.
    """
    folder = stacks or stacks_here(invocation(ctx).data_dir)
    if folder is None:
        raise click.UsageError("expected --stacks DIR or --data-dir DIR, found neither; this command asks no server")
    check_readable(folder)
    return folder


def policy_here(ctx: click.Context, stacks: Path | None) -> LocalPolicy:
    """Return the policy in a folder, by default that of the data folder; raise what `folder_here` raises."""
    folder = folder_here(ctx, stacks)
    sources = read_sources(folder)
    compiled = compile_stacks(sources)
    return LocalPolicy(folder, sources, compiled.policy, compiled.diagnostics)


def traits_in(path: Path) -> Traits:
    """Return the traits in a file of YAML or JSON, as `vigo traits --json` prints them.

    Raises:
        InvalidError: it is none.
    """
    return _read(path, read_traits)


def facts_in(path: Path) -> Facts:
    """Return the facts in a file of YAML or JSON, as in a test's `facts`.

    Raises:
        InvalidError: it is none.
    """
    return _read(path, read_facts)


def _read(path: Path, take: Callable[[Reading, Node | None], T]) -> T:
    """Return what a file holds, or raise the first thing that is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidError(f"{path}: cannot be read: {error.strerror}; give a file of YAML or JSON") from error
    files = {str(path): _without_surrogates(content)}
    reading = Reading(files, Findings(SourceLines(files)))
    taken = take(reading, reading.tree(str(path)))
    errors = [one for one in reading.findings.diagnostics() if one.severity == "error"]
    if errors:
        first = errors[0]
        hint = f"; {first.hint}" if first.hint else ""
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InvalidError(f"{first.file}:{first.line}:{first.column}: {first.message}{hint}{more}")
    return taken


def _without_surrogates(content: bytes) -> bytes:
    """Return JSON such that YAML can read it, which knows no character in two escapes. Source: RFC 8259, section 7."""
    if b"\\u" not in content:
        return content
    try:
        return json.dumps(json.loads(content), ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return content
