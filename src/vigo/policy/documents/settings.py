"""What an entry or an environment says of its machines as a whole: `noop`, `window` and `reconverge`."""

import re
from datetime import time
from typing import Final, get_args

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.nearest import did_you_mean
from vigo.core.plan import Origin, Reconverge
from vigo.core.windows import DAYS, Day, Window
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import boolean, described, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

KEYS: Final = ("noop", "window", "reconverge")
WINDOW_KEYS: Final = ("days", "from", "to", "timezone")
MOST_WINDOWS: Final = 50
"""What one `window` may list."""

_EXAMPLE: Final = '`window: {days: [sat, sun], from: "22:00", to: "04:00"}`'
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9][A-Za-z0-9_+-]{0,31}){0,2}")
_MIDNIGHT: Final = "24:00"
_RECONVERGE: Final[tuple[Reconverge, ...]] = get_args(Reconverge)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the machines; None is nothing. `noop` is where it stands that nothing shall be changed."""

    noop: Origin | None = None
    windows: tuple[Window, ...] | None = None
    reconverge: Reconverge | None = None

    def below(self, stronger: "Settings") -> "Settings":
        """Return what holds where something stronger speaks too. What one of them says of `noop`, no other undoes."""
        return Settings(
            noop=self.noop or stronger.noop,
            windows=self.windows if stronger.windows is None else stronger.windows,
            reconverge=stronger.reconverge or self.reconverge,
        )


def read_settings(reading: Reading, document: Mapping) -> Settings:
    """Return the settings in an entry or environment; what is wrong with them is recorded."""
    return Settings(
        noop=read_noop(reading, document.get("noop")),
        windows=_windows(reading, document.get("window")),
        reconverge=_reconverge(reading, document.get("reconverge")),
    )


def read_noop(reading: Reading, node: Node | None) -> Origin | None:
    """Return where `noop: true` stands, or None."""
    if node is None:
        return None
    try:
        if not isinstance(node, Scalar):
            raise InvalidError(f"expected one value, found {described(node)}")  # noqa: TRY301 - one place reports both
        return node.origin if boolean(node.text) else None
    except InvalidError as error:
        reading.error(node.origin, "type", f"noop: {error}")
        return None


def _reconverge(reading: Reading, node: Node | None) -> Reconverge | None:
    found = reading.text(node, "reconverge")
    if found is None:
        return None
    word = next((one for one in _RECONVERGE if one == found.text), None)
    if word is None:
        nearest = did_you_mean(found.text, _RECONVERGE)
        message = f"reconverge: expected {' or '.join(_RECONVERGE)}, found {found.text[:60]!r}{nearest}"
        reading.error(found.origin, "type", message)
    return word


def _windows(reading: Reading, node: Node | None) -> tuple[Window, ...] | None:
    if node is None or is_null(node):
        return None
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        message = "window: expected at least one window, found an empty list"
        reading.error(
            node.origin, "missing", message, f"leave `window` out where there is none; one would be {_EXAMPLE}"
        )
    if len(items) > MOST_WINDOWS:
        message = f"window: expected at most {MOST_WINDOWS} windows, found {len(items)}"
        reading.error(node.origin, "too-large", message)
        return None
    found = [_window(reading, one) for one in items]
    return tuple(one for one in found if one is not None)


def _window(reading: Reading, node: Node) -> Window | None:
    if not isinstance(node, Mapping):
        message = f"window: expected a map with {', '.join(WINDOW_KEYS)}, or a list of such, found {described(node)}"
        reading.error(node.origin, "type", message, f"such as {_EXAMPLE}")
        return None
    window = reading.mapping(node, "window", WINDOW_KEYS) or node
    if not window.entries.keys() & {"days", "from", "to"}:
        message = "window: expected days, from or to, found none: it would be open at all times"
        reading.error(node.origin, "missing", message, f"leave `window` out for that; one would be {_EXAMPLE}")
    begins, ends = _time(reading, window.get("from"), "from"), _time(reading, window.get("to"), "to")
    to = window.get("to")
    if to is not None and begins is not None and begins == ends and _text(to) != _MIDNIGHT:
        message = f"to: expected another time than that of from, found {begins:%H:%M} twice"
        reading.error(to.origin, "value", message, "leave both out where the whole day is meant")
    return Window(
        days=_days(reading, window.get("days")),
        start=begins or time(0),
        end=ends or time(0),
        timezone=_zone(reading, window.get("timezone")),
    )


def _days(reading: Reading, node: Node | None) -> tuple[Day, ...]:
    names = reading.texts(node, "days")
    if isinstance(node, Sequence) and not node.items:
        reading.error(node.origin, "missing", "days: expected at least one day, found none", "leave it out for all")
    found = {day for name in names for day in _days_in(reading, name)}
    return tuple(day for day in DAYS if day in found) if names else DAYS


def _days_in(reading: Reading, name: Scalar) -> tuple[Day, ...]:
    """Return the days that a text such as `sun` or `fri-mon` stands for."""
    first, dash, last = (part.strip() for part in name.text.partition("-"))
    numbers = [number for part in (first, last) for number, day in enumerate(DAYS) if day == part]
    if len(numbers) != (2 if dash else 1):
        wrong = next((part for part in (first, last) if part and part not in DAYS), name.text)
        message = f"days: expected {', '.join(DAYS)} or a span such as mon-fri, found {name.text[:60]!r}"
        reading.error(name.origin, "value", message + did_you_mean(wrong, DAYS))
        return ()
    begins, ends = numbers[0], numbers[-1]
    return tuple(DAYS[number % len(DAYS)] for number in range(begins, ends + 1 + (len(DAYS) if ends < begins else 0)))


def _time(reading: Reading, node: Node | None, key: str) -> time | None:
    found = reading.text(node, key)
    if found is None:
        return None
    match = _TIME.fullmatch(found.text)
    if match is not None:
        return time(int(match[1]), int(match[2]))
    if key == "to" and found.text == _MIDNIGHT:
        return time(0)
    message = f"{key}: expected a time of day such as 04:00 or 22:30, found {found.text[:60]!r}"
    reading.error(found.origin, "value", message)
    return None


def _zone(reading: Reading, node: Node | None) -> str:
    found = reading.text(node, "timezone")
    if found is None:
        return ""
    if not _ZONE.fullmatch(found.text):
        message = (
            f"timezone: expected a name of the tz database such as Europe/Berlin or UTC, found {found.text[:60]!r}"
        )
        reading.error(found.origin, "value", message, "leave it out for each machine's own zone")
    return found.text


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""
