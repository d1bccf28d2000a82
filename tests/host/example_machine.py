"""A booted Debian whose state an example describes: it is applied by the agent's own engine and executors."""

import base64
import os
import sysconfig
from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from tests.examples.gallery import sources
from tests.gates.tree import ROOT
from tests.host.booted_debian import BootedDebian
from tests.host.debian_root import PYTHON
from vigo.agent.engine.progress import is_as_declared
from vigo.core.encoding import encode
from vigo.core.plan import Plan
from vigo.core.run import ResourceResult
from vigo.policy.compiling import compile_stacks
from vigo.policy.diagnostics import as_text
from vigo.policy.sources import Sources

Results = Mapping[str, ResourceResult]


def plan_of(example: str, host: str, **edits: tuple[str, str, str]) -> Plan:
    """Return what an example gives to a host. Each edit is a path in it, a text there, and what replaces that."""
    files = dict(sources(example).files)
    for path, former, new in edits.values():
        text = files[path].decode()
        assert text.count(former) == 1, f"{path}: expected {former!r} once"
        files[path] = text.replace(former, new).encode()
    found = compile_stacks(Sources(files))
    assert found.policy is not None, as_text(found.diagnostics)
    entry = found.policy.match(host)
    assert entry is not None
    return found.policy.plan(entry)


def without(plan: Plan, *patterns: str) -> Plan:
    """Return a plan without some resources, for what a machine without a network and a kernel of its own cannot do."""
    gone = {one.id for one in plan.resources if any(fnmatchcase(one.id, pattern) for pattern in patterns)}
    assert gone, f"expected resources called {patterns}"
    kept = [
        msgspec.structs.replace(
            one,
            depends_on=tuple(id_ for id_ in one.depends_on if id_ not in gone),
            notify=tuple(id_ for id_ in one.notify if id_ not in gone),
        )
        for one in plan.resources
        if one.id not in gone
    ]
    return msgspec.structs.replace(plan, resources=tuple(kept))


class ExampleMachine:
    """The machine, and the agent on it."""

    def __init__(self, debian: BootedDebian) -> None:
        self.debian = debian

    def applies(self, *passes: tuple[str, Plan]) -> list[Results]:
        """Return how each resource ended in each pass; a pass is `run` or `dry-run`, and a plan."""
        told = "".join(f"{word} {base64.b64encode(encode(plan)).decode()}\n" for word, plan in passes)
        paths = (ROOT / "src", ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
        environment = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
        argv = (str(PYTHON), "-m", "tests.host.apply_as_agent")
        done = self.debian.run(*argv, stdin=told, environment=environment)
        results = msgspec.json.decode(done.stdout, type=list[tuple[ResourceResult, ...]])
        return [{one.id: one for one in each} for each in results]

    def converges(self, plan: Plan) -> set[str]:
        """Apply a plan without a fault, such that there is nothing left to do; return what changed."""
        first, second = self.applies(("run", plan), ("run", plan))
        assert faults(first) == {}, faults(first)
        assert faults(second) == {}, faults(second)
        assert changed(second) == set(), f"changed again: {changed(second)}"
        return changed(first)

    def keeps(self, plan: Plan) -> None:
        """Check that there is nothing to do."""
        assert self.converges(plan) == set()

    def install(self, *packages: str) -> None:
        """Install what a test asks with, by apt itself."""
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        self.debian.run("apt-get", "--quiet", "update")
        self.debian.run("apt-get", "--quiet", "--yes", "install", *packages, environment=quiet)

    def tell(self, script: str) -> str:
        """Return what a script of the shell printed, without the last line feed; it has to succeed."""
        return self.debian.tell("sh", "-euc", script)

    def refuses(self, script: str) -> str:
        """Return what a script of the shell said that has to fail."""
        done = self.debian.run("sh", "-euc", script, check=False)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def faults(results: Results) -> dict[str, str]:
    """Return why resources are not in their state, by their names."""
    return {
        id_: f"{one.outcome}: {one.reason}"
        for id_, one in results.items()
        if one.outcome in ("failed", "blocked") or (one.outcome == "skipped" and not is_as_declared(one))
    }


def changed(results: Results) -> set[str]:
    """Return the resources that changed."""
    return {id_ for id_, one in results.items() if one.outcome == "changed"}
