"""Reading `notify.yaml`: who is told of what. Files are the only source of it; no page or API writes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import yaml

from vigo.catalog.formats.web_addresses import host_port, web_address
from vigo.core.errors import InvalidError, UsageError
from vigo.core.hostnames import check_pattern
from vigo.core.nearest import did_you_mean
from vigo.server.features.notifications.models import EVENTS, Channel, ChannelKind

_MOST_CHARACTERS: Final = 1 << 18
_MOST_BRACKETS: Final = 2_000
_MOST_CHANNELS: Final = 50
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "webhook": ("secret_file",),
    "slack": (),
    "pagerduty": ("secret_file",),
    "loki": (),
    "splunk": ("secret_file",),
    "email": ("server", "sender", "to"),
}


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channels: tuple[Channel, ...] = ()


def load_channels(path: Path) -> tuple[Channel, ...]:
    """Return the channels in a file; a missing or empty one means that nobody is told.

    Raises:
        UsageError: it says something else than channels; the message says what.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: expected a text in UTF-8 that can be read: {error}") from error
    if len(text) > _MOST_CHARACTERS or text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise UsageError(f"{path}: expected a list of channels, found a file that is too large or too deep")
    try:
        raw: Any = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: expected YAML: {' '.join(str(error).split())}") from error
    for problem in _wrong_words(raw):
        raise UsageError(f"{path}: {problem}")
    try:
        found = msgspec.convert({} if raw is None else raw, _Document).channels
    except (msgspec.ValidationError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error
    if len(found) > _MOST_CHANNELS or len({one.name for one in found}) != len(found):
        raise UsageError(f"{path}: expected at most {_MOST_CHANNELS} channels, each with a name of its own")
    for channel in found:
        try:
            _check(channel)
        except InvalidError as error:
            raise UsageError(f"{path}: channel {channel.name!r}: {error}") from error
    return found


def secret_of(file: str) -> str:
    """Return what stands in a file with a secret, without the newline at its end.

    Raises:
        InvalidError: it cannot be read.
    """
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError(f"expected to read the secret in {file}: {error}") from error


def _wrong_words(raw: Any) -> Iterator[str]:
    """Yield what channels say of their type and events that is none, with the nearest one that is."""
    channels = raw.get("channels") if isinstance(raw, dict) else None
    for place, channel in enumerate(channels if isinstance(channels, list) else ()):
        if not isinstance(channel, dict):
            continue
        where = f"channel {str(channel.get('name', place + 1))[:60]!r}"
        events = channel.get("events")
        said = [("type", channel.get("type"), get_args(ChannelKind))]
        said += [("events", event, EVENTS) for event in (events if isinstance(events, list) else ())]
        for field, found, known in said:
            if found not in known:
                yield f"{where}: {field}: expected {', '.join(known)}, found {found!r}{did_you_mean(str(found), known)}"


def _check(channel: Channel) -> None:
    for name in _NEEDED[channel.type]:
        if not getattr(channel, name):
            raise InvalidError(f"expected {name}, which {channel.type} needs, found none")
    if channel.type == "email":
        host_port("server", channel.server)
    elif channel.type == "pagerduty" and not channel.url:
        pass
    elif bool(channel.url) == bool(channel.url_file):
        raise InvalidError("expected either url or url_file")
    if channel.url:
        web_address("url", channel.url)
    for pattern in channel.match:
        check_pattern(pattern)
