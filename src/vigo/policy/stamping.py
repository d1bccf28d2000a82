"""Stamping whole configcrates: once for all entries that give the same values to the variables that it uses."""

from collections.abc import Hashable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from vigo.core.plan import Origin
from vigo.policy.cache import Cache
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate
from vigo.policy.effort import VARIABLES_LIKE_A_RESOURCE, Effort
from vigo.policy.options import When
from vigo.policy.resources import MOST_RESOURCES, Shape, Stamped, Stamper
from vigo.policy.templating import union
from vigo.policy.variables import Layer, merged, merged_names


class StampedCrate(msgspec.Struct, frozen=True, eq=False):
    """The resources of a configcrate for some values of its variables.

    `scope` are the variables that its templates and conditions need on the machine. `effort` is what it took.
    `is_silent` says that nothing was found on the way, and that no file decided on it but the configcrate's own.
    """

    crate: Crate
    resources: tuple[Stamped, ...]
    knows_all_names: bool
    scope: dict[str, Any]
    shape: Shape
    text_bytes: int
    effort: Effort
    is_silent: bool


class EntryVariables:
    """The variables that an entry adds to those of a configcrate, and keys by which equal ones are found."""

    def __init__(self, layers: Sequence[Layer], numbers: "LayerNumbers") -> None:
        self._layers = layers
        self._keys: dict[str, tuple[int, ...]] = {}
        for layer in layers:
            for name, number in numbers.of(layer):
                former = self._keys.get(name)
                if former is None:
                    self._keys[name] = (number,)
                elif former[-1] != number:  # setting it to what it is changes nothing
                    self._keys[name] = (*former, number)

    def key(self, names: frozenset[str] | None) -> Hashable:
        """Return what is equal for entries that give these variables, or all, the same values."""
        keys = self._keys
        return tuple(sorted(keys.items())) if names is None else tuple(map(keys.get, names))

    def over(self, defaults: Sequence[Layer], names: frozenset[str] | None = None) -> dict[str, Any]:
        """Return the variables that a configcrate with these defaults sees, or only those of some names."""
        layers = (*defaults, *self._layers)
        return merged(layers) if names is None else merged_names(layers, sorted(names))


class LayerNumbers:
    """The names that each layer sets, with the numbers of their values."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._of: dict[int, tuple[tuple[str, int], ...]] = {}
        self._values: list[Any] = []

    def of(self, layer: Layer) -> tuple[tuple[str, int], ...]:
        """Return the names and numbers of a layer; layers that set the same have the same."""
        # A data file that many take is one object, which lives on here as long as its identity stands for it.
        found = self._of.get(id(layer.values))
        if found is None:
            self._values.append(layer.values)
            number = self._cache.number
            found = self._of[id(layer.values)] = tuple(
                [(name, number(name, value)) for name, value in layer.values.items()]
            )
        return found


def stamped_crate(
    compilation: Compilation, crate: Crate, variables: EntryVariables, entry: Origin, case: When | None
) -> StampedCrate:
    """Return the resources of a configcrate for an entry; what is wrong with them is recorded.

    Raises:
        TooMuchWorkError: the templates of these stacks take more work than is done for a compilation.
    """
    uses = crate.uses if case is None else union((crate.uses, case.parsed.variable_names))
    key = (crate, variables.key(uses), None if case is None else case.condition)
    found: StampedCrate | None = compilation.kept_in_silence(key)
    return found or compilation.kept(key, partial(_stamp, compilation, crate, variables, entry, case), entry)


def _stamp(
    compilation: Compilation, crate: Crate, variables: EntryVariables, entry: Origin, case: When | None
) -> StampedCrate:
    effort = compilation.effort.copy()
    stamper = Stamper(compilation, crate, partial(variables.over, crate.source.layers), entry, case, key=variables.key)
    with compilation.findings.taped() as remarks:
        resources = tuple(islice(stamper.resources(), MOST_RESOURCES + 1))
    on_machine = {one.declaration.uses_on_machine for one in resources if one.templates or one.conditions}
    # A template over variables alone is left to the machine where one of them is a secret.
    on_machine |= {one.declaration.uses for one in resources if one.secrets}
    if case is not None and resources:
        on_machine.add(case.parsed.variable_names)
    needed = union(on_machine)
    key = ("scope", crate, needed, variables.key(needed))
    scope = compilation.cache.same(key, partial(variables.over, crate.source.layers, needed))
    compilation.spend(len(scope) // VARIABLES_LIKE_A_RESOURCE, 0)
    return StampedCrate(
        crate=crate,
        resources=resources,
        knows_all_names=stamper.knows_all_names,
        scope=scope,
        shape=compilation.cache.same((crate, stamper.knows_all_names, *[one.shape for one in resources]), Shape),
        text_bytes=sum([one.text_bytes for one in resources]),
        effort=compilation.effort.since(effort),
        is_silent=not remarks and crate.uses is not None,
    )
