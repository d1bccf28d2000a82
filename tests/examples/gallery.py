"""The stacks below `examples/`, each a folder with a page of its own."""

from functools import cache
from pathlib import Path

from tests.gates.tree import ROOT
from vigo.policy.compiling import Compiled, CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import as_text
from vigo.policy.sources import Sources, read_sources

FOLDER = Path("examples")
PAGE = "README.md"

EXAMPLES = tuple(sorted(path.parent.name for path in (ROOT / FOLDER).glob(f"*/{PAGE}")))
"""Their names, sorted."""


def folder(name: str) -> Path:
    """Return where an example stands."""
    return ROOT / FOLDER / name


@cache
def sources(name: str) -> Sources:
    """Return an example's files."""
    return read_sources(folder(name))


@cache
def compiled(name: str) -> Compiled:
    """Return what the compiler makes of an example."""
    return compile_stacks(sources(name))


def policy(name: str) -> CompiledPolicy:
    """Return an example's policy."""
    found = compiled(name)
    assert found.policy is not None, as_text(found.diagnostics)
    return found.policy
