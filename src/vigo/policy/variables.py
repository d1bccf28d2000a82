"""Variables: layers that are merged, and for each value where it comes from and which ones lost.

Variables are data. A text in them that looks like a template is put in as it stands and never rendered.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

import msgspec

from vigo.policy.yaml_tree import Mapping


class Layer(msgspec.Struct, frozen=True, eq=False):
    """The variables of one place, such as a role; `tree` knows where each stands. Two of the same words are two."""

    label: str
    values: dict[str, Any]
    tree: Mapping


def merged(layers: Iterable[Layer], base: Map[str, Any] | None = None) -> dict[str, Any]:
    """Return the variables of layers, given from the lowest to the highest, over a base.

    Maps merge deeply; scalars and lists replace.
    """
    result: dict[str, Any] = dict(base or {})
    for layer in layers:
        for name, value in layer.values.items():
            _put(result, name, value)
    return result


def merged_names(layers: Iterable[Layer], names: Iterable[str]) -> dict[str, Any]:
    """Return the variables of these names, as `merged` gives them."""
    result: dict[str, Any] = {}
    for layer in layers:
        for name in names:
            if name in layer.values:
                _put(result, name, layer.values[name])
    return result


def merged_maps(low: Map[str, Any], high: Map[str, Any]) -> dict[str, Any]:
    """Return two maps merged deeply; the second one wins. Neither is changed."""
    result = dict(low)
    for name, value in high.items():
        _put(result, name, value)
    return result


def _put(variables: dict[str, Any], name: str, value: Any) -> None:
    former = variables.get(name)
    is_merged = isinstance(former, dict) and isinstance(value, dict)
    variables[name] = merged_maps(former, value) if is_merged and former is not None else value
