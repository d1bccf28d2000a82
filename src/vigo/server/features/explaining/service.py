"""Why an envoy gets what it gets: each value with its place in the stacks, and the values that lost."""

import asyncio
from typing import Any

import msgspec

from vigo.core.errors import NotFoundError
from vigo.core.nearest import did_you_mean
from vigo.core.secret_marker import to_reference
from vigo.policy.compiling import CompiledPolicy
from vigo.policy.explained_resources import explained_resource, resource_names
from vigo.policy.explaining import HostTrace, trace
from vigo.policy.study import Study
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission


class ExplainingService:
    """Answers from the live generation what `vigocli config trace` answers from a folder."""

    def __init__(self, generations: GenerationService, envoys: EnvoyService) -> None:
        self._generations = generations
        self._envoys = envoys

    async def explain(self, actor: Actor, name_or_id: str, subject: str) -> dict[str, Any]:
        """Return all that an envoy gets and why, or with a subject one resource or variable of it.

        It holds what stands in the stacks, so it takes the right to validate them; secrets stand as their references.

        Raises:
            NotFoundError: there is no such envoy, no entry is for it, or it has no such resource or variable.
        """
        actor.require(Permission.READ_ENVOYS)
        actor.require(Permission.VALIDATE_STACKS)
        record = self._envoys.index.get(name_or_id)
        policy = self._generations.live_policy()
        if not isinstance(policy, CompiledPolicy):
            raise NotFoundError("expected a live generation, found none; `vigocli config publish` makes one")
        return await asyncio.to_thread(_explained, Study(policy), record.hostname, subject.strip())


def _explained(study: Study, hostname: str, subject: str) -> dict[str, Any]:
    found = trace(study, hostname)
    if found is None:
        raise NotFoundError(
            f"expected an entry that matches {hostname}, found none among {len(study.entries)}: it gets no policy; add"
            " a `match` for it"
        )
    if not subject:
        return _plain("everything", hostname, found.everything())
    resource = explained_resource(found, subject)
    if resource is not None:
        return _plain("resource", hostname, resource)
    variables = found.variable(subject)
    if not variables:
        raise NotFoundError(_unknown(found, subject))
    return _plain("variable", hostname, variables)


def _unknown(found: HostTrace, subject: str) -> str:
    near = did_you_mean(subject, {*resource_names(found), *found.variable_names()})
    return f"expected a variable or resource of {found.host}, found no {subject[:200]!r}{near}"


def _plain(what: str, hostname: str, value: Any) -> dict[str, Any]:
    return {"host": hostname, what: msgspec.to_builtins(value, enc_hook=to_reference, str_keys=True)}
