from collections.abc import Mapping

from vigo.core.plan import Plan, PlannedResource
from vigo.policy.compiling import Compiled, CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import as_text
from vigo.policy.sources import Sources

EVERYONE = 'envoys: [{match: "*", configcrates: [web]}]\n'


def compiled(files: Mapping[str, str | bytes]) -> Compiled:
    return compile_stacks(
        Sources({name: text.encode() if isinstance(text, str) else text for name, text in files.items()})
    )


def crate(text: str, **more: str) -> Compiled:
    """Return what becomes of one configcrate that everyone gets."""
    return compiled({"configcrates/web.vgo": text, "envoys.vgo": EVERYONE, **more})


def resources(text: str, **more: str) -> Compiled:
    """Return what becomes of a list of resources in the configcrate `web`."""
    indented = "".join(f"  {line}\n" for line in text.strip("\n").splitlines())
    return crate(f"configcrate: web\nresources:\n{indented}", **more)


def policy_of(found: Compiled) -> CompiledPolicy:
    assert found.policy is not None, as_text(found.diagnostics)
    return found.policy


def plan_of(found: Compiled, hostname: str = "host") -> Plan:
    policy = policy_of(found)
    entry = policy.match(hostname)
    assert entry is not None
    return policy.plan(entry)


def by_name(found: Compiled, hostname: str = "host") -> dict[str, PlannedResource]:
    return {str(one.id): one for one in plan_of(found, hostname).resources}


def codes(found: Compiled) -> list[str]:
    return [f"{one.file}:{one.line}:{one.column} {one.severity} {one.code}" for one in found.diagnostics]


def only_message(found: Compiled) -> str:
    assert len(found.diagnostics) == 1, as_text(found.diagnostics)
    return found.diagnostics[0].message
