"""The values of secrets for one pass: asked for once, before the first resource that needs one, and told to nobody."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from vigo.agent.engine.rendering import Context
from vigo.core.errors import BlockedError, UnavailableError, VigoError
from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.core.secret_marker import SecretMarker, marker_named, revealed

if TYPE_CHECKING:
    from vigo.agent.engine.concealing import Concealer
    from vigo.core.wire.secret_messages import Resolved

Resolve = Callable[[tuple[str, ...]], "Resolved"]
"""Returns the values of secrets by name, or raises a VigoError that says why there are none now."""

_NOTHING: Final[Mapping[SecretMarker, str]] = {}


def no_server(_names: tuple[str, ...]) -> "Resolved":
    """Refuse: nobody is there to ask."""
    raise UnavailableError("expected a server to ask, found none in this run")


class Secrets:
    """Resolves what the resources of one plan are made of.

    `ahead` tells, when something has to be asked for, which other resources of this pass will be worked on as far as
    that is known, so that one question does for all of them.
    """

    def __init__(self, plan: Plan, resolve: Resolve) -> None:
        self._plan = plan
        self._resolve = resolve
        self._values: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._concealer: Concealer | None = None
        self.ahead: Callable[[], Iterable[ResourceId]] = lambda: ()

    def of(self, resource: PlannedResource) -> Mapping[SecretMarker, str]:
        """Return the values of the secrets that a resource may be made of, none for most.

        Raises:
            BlockedError: one of them has no value now, or nobody can be asked.
        """
        names = self._plan.secrets_of(resource.id)
        if not names:
            return _NOTHING
        if not all(map(self._is_answered, names)):
            self._ask(names)
        for name in names:
            if name in self._problems:
                raise BlockedError(f"expected the value of the secret {name}, found none: {self._problems[name]}")
        return {marker_named(name): self._values[name] for name in names}

    def names_for_values(self, resource: PlannedResource) -> Mapping[SecretMarker, str]:
        """Return the references to the secrets that a resource may be made of, to stand for their values."""
        names = self._plan.secrets_of(resource.id)
        return {marker: str(marker) for marker in map(marker_named, names)} if names else _NOTHING

    @property
    def concealer(self) -> "Concealer | None":
        """What takes the values out of texts; None where no value is known in this pass."""
        if self._concealer is None and self._values:
            from vigo.agent.engine.concealing import Concealer  # noqa: PLC0415 - most runs have no secrets

            self._concealer = Concealer(self._values)
        return self._concealer

    def kept_from_logs(self) -> AbstractContextManager[None]:
        """Within this nothing of the values gets into a log."""
        if not self._plan.secret_names():
            return nullcontext()
        from vigo.agent.engine.concealing import logs_concealed  # noqa: PLC0415 - most runs have no secrets

        return logs_concealed(lambda: self.concealer)

    def _is_answered(self, name: str) -> bool:
        return name in self._values or name in self._problems

    def _ask(self, names: Iterable[str]) -> None:
        wanted = dict.fromkeys(names)
        for other in self.ahead():
            wanted |= dict.fromkeys(self._plan.secrets_of(other))
        asked = tuple(name for name in wanted if not self._is_answered(name))
        try:
            found = self._resolve(asked)
        except VigoError as error:
            # Told once: each further question would wait for the same server again.
            self._problems |= dict.fromkeys(asked, str(error))
            return
        missing = "the server did not answer for it; update vigosrv, or look at its log"
        self._values |= found.values
        self._problems |= {name: found.problems.get(name, missing) for name in asked if name not in found.values}
        self._concealer = None


def with_values(context: Context, values: Mapping[SecretMarker, str]) -> Context:
    """Return what templates see, with the values of secrets in the place of their markers."""
    return {name: value if name == "traits" else revealed(value, values) for name, value in context.items()}
