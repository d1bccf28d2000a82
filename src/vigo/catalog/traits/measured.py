"""Facts that never stand still: how a measured value is told again only once it has moved by its step.

A check-in carries the traits when their digest changed, and a free byte more or less is no news. Rounding alone would
not do: a value that stands at the edge between two steps would change at every check-in. So the former value is kept
until the new one differs from it by at least the step. What reads such a trait may rely on it within one step.
"""

from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

_STEP = "step"


def measured(description: str, *, step: float) -> msgspec.Meta:
    """Return the description of a measured field, which is told again once it moved by `step` in its own unit."""
    return msgspec.Meta(description=description, extra={_STEP: step})


def settled(schema: type[msgspec.Struct], found: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that were found, but for measured ones that moved by less than their step: those as before.

    Both are facts of the schema as built-in values; maps of structures in it are settled too.
    """
    result = dict(found)
    for name, hint in _hints(schema).items():
        if name not in found or name not in former:
            continue
        if hint.step is not None:
            result[name] = _nearly(found[name], former[name], hint.step)
        elif hint.inner is not None and isinstance(former[name], dict):
            result[name] = {
                key: settled(hint.inner, value, former[name][key]) if isinstance(former[name].get(key), dict) else value
                for key, value in found[name].items()
            }
    return result


class _Hint(NamedTuple):
    """What of a field matters here: the step of a measured one, the structure of a map's values."""

    step: float | None
    inner: type[msgspec.Struct] | None


@cache
def _hints(schema: type[msgspec.Struct]) -> dict[str, _Hint]:
    """Return the fields of a schema that are measured or map names to structures."""
    hints = get_type_hints(schema, include_extras=True)
    found = {name: _Hint(_step_of(hint), _inner_of(hint)) for name, hint in hints.items()}
    return {name: hint for name, hint in found.items() if hint.step is not None or hint.inner is not None}


def _step_of(hint: Any) -> float | None:
    metas = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    extras = (meta.extra or {} for meta in metas if isinstance(meta, msgspec.Meta))
    return next((extra[_STEP] for extra in extras if _STEP in extra), None)


def _inner_of(hint: Any) -> type[msgspec.Struct] | None:
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    value = get_args(bare)[1] if get_origin(bare) is dict else None
    return value if isinstance(value, type) and issubclass(value, msgspec.Struct) else None


def _nearly(found: Any, former: Any, step: float) -> Any:
    both = isinstance(found, int | float) and isinstance(former, int | float)
    return former if both and abs(found - former) < step else found
