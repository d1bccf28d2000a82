"""Why a variable has its value: what each layer says of it, the strongest first, and what became of that."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from typing import Any, Literal, NamedTuple

import msgspec

from vigo.core.plan import Origin
from vigo.policy.variables import Layer, merged_maps
from vigo.policy.yaml_tree import Mapping

Standing = Literal["wins", "merged", "hides", "loses"]
"""`wins`: the value is this one. `merged`: it is a part of a map. `hides`: a map that held the variable was replaced by
this value. `loses`: a stronger layer replaced it."""


class Claim(msgspec.Struct, frozen=True):
    """What one layer says of a variable; `variable` is a shorter name where the layer replaces a map around it."""

    layer: str
    variable: str
    value: Any
    origin: Origin
    standing: Standing


class ExplainedVariable(msgspec.Struct, frozen=True):
    """A variable as some configcrates see it; the claims stand from the strongest layer to the weakest."""

    name: str
    configcrates: tuple[str, ...]
    is_set: bool
    value: Any
    claims: tuple[Claim, ...]


class Winner(msgspec.Struct, frozen=True):
    """The value of a variable in some configcrates, and the layer and place that it comes from."""

    name: str
    value: Any
    layer: str
    origin: Origin
    configcrates: tuple[str, ...]


class _Reached(NamedTuple):
    length: int
    value: Any
    origin: Origin


def claims_on(layers: Sequence[Layer], path: Sequence[str]) -> tuple[Claim, ...]:
    """Return what layers, given from the weakest to the strongest, say of a variable; the strongest comes first."""
    claims: list[Claim] = []
    is_decided = False
    for layer in reversed(layers):
        reached = _reached(layer, path)
        if reached is None:
            continue
        is_part = reached.length == len(path) and isinstance(reached.value, dict)
        standing: Standing = "loses"
        if is_part and not is_decided:
            standing = "merged"
        elif not is_decided and not claims:
            standing = "wins" if reached.length == len(path) else "hides"
        # Any other value than a map replaces what weaker layers say, even where a stronger map replaces it in turn.
        is_decided |= not is_part
        claims.append(Claim(layer.label, ".".join(path[: reached.length]), reached.value, reached.origin, standing))
    return tuple(claims)


def explained(layers: Sequence[Layer], path: Sequence[str], configcrates: Iterable[str] = ()) -> ExplainedVariable:
    """Return why a variable has its value; the value is worked out from the claims alone."""
    claims = claims_on(layers, path)
    parts = [claim.value for claim in claims if claim.standing in ("wins", "merged")]
    value: Any = parts[-1] if parts else None
    for stronger in reversed(parts[:-1]):
        value = merged_maps(value, stronger)
    return ExplainedVariable(".".join(path), tuple(filter(None, configcrates)), bool(parts), value, claims)


def explained_everywhere(scopes: Map[str, Sequence[Layer]], path: Sequence[str]) -> tuple[ExplainedVariable, ...]:
    """Return why a variable has its value, once for all configcrates that see the same."""
    groups: dict[tuple[tuple[str, Origin], ...], list[str]] = {}
    for crate, layers in scopes.items():
        told = tuple((claim.layer, claim.origin) for claim in claims_on(layers, path))
        groups.setdefault(told, []).append(crate)
    return tuple(explained(scopes[crates[0]], path, crates) for told, crates in groups.items() if told)


def winners(scopes: Map[str, Sequence[Layer]]) -> tuple[Winner, ...]:
    """Return every variable that configcrates see, by name: one that several see alike comes once."""
    found: dict[tuple[tuple[str, ...], str, Origin], list[str]] = {}
    values: dict[tuple[tuple[str, ...], str, Origin], Any] = {}
    for crate, layers in scopes.items():
        for path in {path: None for layer in layers for path in _leaves(layer.values)}:
            variable = explained(layers, path)
            # A map that a stronger layer fills is no value of its own.
            if variable.is_set and not (isinstance(variable.value, dict) and variable.value):
                first = next(claim for claim in variable.claims if claim.standing in ("wins", "merged"))
                key = (path, first.layer, first.origin)
                found.setdefault(key, []).append(crate)
                values[key] = variable.value
    ordered = sorted(found, key=lambda key: (key[0], key[2].file, key[2].line))
    return tuple(
        Winner(".".join(key[0]), values[key], key[1], key[2], tuple(filter(None, found[key]))) for key in ordered
    )


def paths_called(name: str, values: Map[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the paths that a dotted name may mean; keys may have dots themselves.

    >>> list(paths_called("kernel.vm.swappiness", {"kernel": {"vm.swappiness": 10}}))
    [('kernel', 'vm.swappiness')]
    """
    for key, value in values.items():
        if name == key:
            yield (key,)
        elif name.startswith(f"{key}.") and isinstance(value, dict):
            for rest in paths_called(name[len(key) + 1 :], value):
                yield (key, *rest)


def names_in(values: Map[str, Any], before: str = "") -> Iterator[str]:
    """Yield the dotted names of all variables, maps among them."""
    for key, value in values.items():
        yield before + key
        if isinstance(value, dict):
            yield from names_in(value, f"{before}{key}.")


def place_of(layer: Layer, path: Sequence[str]) -> Origin | None:
    """Return where a layer says something of a variable, or of what stands in place of a map around it; or None."""
    reached = _reached(layer, path)
    return None if reached is None else reached.origin


def _reached(layer: Layer, path: Sequence[str]) -> _Reached | None:
    """Return how far a layer goes along a path: to its end, or to what is no map; None where it says nothing of it."""
    node: Any = layer.tree
    value: Any = layer.values
    reached: _Reached | None = None
    for length, name in enumerate(path, 1):
        if not isinstance(node, Mapping):
            return reached
        entry = node.entries.get(name)
        if entry is None:
            return None
        node, value = entry.value, value[name]
        reached = _Reached(length, value, entry.key.origin)
    return reached


def _leaves(values: Map[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*before, key))
        else:
            yield (*before, key)
