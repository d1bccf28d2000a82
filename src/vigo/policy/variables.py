"""Variables: layers that are merged, and for each value where it comes from and which ones lost.

Variables are data. A text in them that looks like a template is put in as it stands and never rendered.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

import msgspec

from vigo.policy.yaml_tree import Mapping


class Layer(msgspec.Struct, frozen=True):
    """The variables of one place, such as a role; `tree` knows where each stands."""

    label: str
    values: dict[str, Any]
    tree: Mapping


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
