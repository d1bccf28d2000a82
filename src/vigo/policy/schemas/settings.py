"""The schema of what an entry or an environment says of its machines as a whole: `noop`, `window`, `reconverge`."""

from collections.abc import Mapping
from typing import Final, get_args

from vigo.core.plan import Reconverge
from vigo.core.windows import DAYS
from vigo.policy.documents import settings
from vigo.policy.schemas.parts import BOOLEAN, NOTHING, SCALAR, WRITTEN_BOOLEANS, Schema, described

_DAY: Final[Schema] = {
    "anyOf": [
        {"enum": [*DAYS, "mon-fri"]},
        {"type": "string", "pattern": f"^ *({'|'.join(DAYS)}) *(- *({'|'.join(DAYS)}) *)?$"},
    ]
}
_WINDOW: Final[Mapping[str, Schema]] = {
    "days": {
        "description": "The days on which it begins, also as spans; all where it is left out.",
        "examples": [["mon-fri", "sun"]],
        "anyOf": [_DAY, {"type": "array", "items": _DAY, "minItems": 1}, NOTHING],
    },
    "from": {"description": "When it begins; midnight where it is left out.", "examples": ["22:00"], **SCALAR},
    "to": {
        "description": "When it ends, on the next day where that is earlier; midnight where it is left out.",
        "examples": ["04:00"],
        **SCALAR,
    },
    "timezone": {
        "description": "Whose clock counts, by its name in the tz database; each machine's own where it is left out.",
        "examples": ["Europe/Berlin"],
        **SCALAR,
    },
}
_ONE: Final[Schema] = {
    "type": "object",
    "properties": described("A window", settings.WINDOW_KEYS, _WINDOW),
    "additionalProperties": False,
}
SETTINGS: Final[Mapping[str, Schema]] = {
    "noop": {
        "description": "Say what would change on these machines, change nothing. No resource can undo that.",
        "anyOf": [BOOLEAN, WRITTEN_BOOLEANS],
        "default": False,
    },
    "window": {
        "description": "When these machines may be changed; outside of it drift is only told. One, or a list.",
        "examples": [{"days": ["sat", "sun"], "from": "22:00", "to": "04:00"}],
        "anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}, NOTHING],
    },
    "reconverge": {
        "description": "When drift is repaired: as soon as the machine tells of it, or at the next run.",
        "enum": list(get_args(Reconverge)),
        "default": "events",
    },
}
"""By key, for both kinds of documents."""
