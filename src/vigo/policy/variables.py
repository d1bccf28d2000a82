"""Variables: layers that are merged, and for each value where it comes from and which ones lost.

Variables are data. A text in them that looks like a template is put in as it stands and never rendered.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from typing import Any

import msgspec

from vigo.core.plan import Origin
from vigo.policy.yaml_tree import Mapping


class Layer(msgspec.Struct, frozen=True):
    """The variables of one place, such as a role; `tree` knows where each stands."""

    label: str
    values: dict[str, Any]
    tree: Mapping


class Assigned(msgspec.Struct, frozen=True):
    """A value that one layer gives to a variable."""

    layer: str
    origin: Origin
    value: Any


def merged(layers: Iterable[Layer], base: Map[str, Any] | None = None) -> dict[str, Any]:
    """Return the variables of layers, given from the lowest to the highest, over a base.

    Maps merge deeply; scalars and lists replace.
    """
    result: dict[str, Any] = dict(base or {})
    for layer in layers:
        result = merged_maps(result, layer.values)
    return result


def merged_maps(low: Map[str, Any], high: Map[str, Any]) -> dict[str, Any]:
    """Return two maps merged deeply; the second one wins. Neither is changed."""
    result = dict(low)
    for name, value in high.items():
        former = result.get(name)
        result[name] = merged_maps(former, value) if isinstance(former, dict) and isinstance(value, dict) else value
    return result


def history(layers: Sequence[Layer], path: Sequence[str]) -> tuple[Assigned, ...]:
    """Return what each layer gives to a variable, the winner first, then those that lost, the latest first.

    For a map, whose keys may come from several layers, each layer's part.
    """
    found: list[Assigned] = []
    for layer in reversed(layers):
        tree: Any = layer.tree
        value: Any = layer.values
        origin: Origin | None = None
        for name in path:
            entry = tree.entries.get(name) if isinstance(tree, Mapping) else None
            if entry is None:
                origin = None
                break
            tree, value, origin = entry.value, value[name], entry.key.origin
        if origin is not None:
            found.append(Assigned(layer.label, origin, value))
    return tuple(found)
