"""Reading `server.yaml`: all its errors at once, each with its line and the nearest valid name."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from vigo.core.durations import format_duration, parse_duration
from vigo.core.errors import InvalidError, UsageError
from vigo.core.nearest import did_you_mean
from vigo.server.platform.settings.fields import FIELDS, Field, is_below
from vigo.server.platform.settings.model import Settings

_MOST_CHARACTERS = 1 << 20
_MOST_BRACKETS = 1_000
_MOST_DIGITS = 18
_RENAMED = {"bundle_lifetime": "bundle_max_age"}


def load_settings(path: Path) -> Settings:
    """Return the settings in a file; a missing or empty one means all defaults.

    Raises:
        UsageError: the file is no YAML map of settings; the message has every error with its line.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected UTF-8 text, found other bytes at offset {error.start}") from error
    if len(text) > _MOST_CHARACTERS or text.count("[") + text.count("{") > _MOST_BRACKETS:
        # The parser would recurse by each bracket, beyond what the stack of this process holds.
        raise UsageError(f"{path}: expected a few lines of settings, found a file that is too large or too deep")
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: expected YAML: {' '.join(str(error).split())}") from error
    if root is None:
        return Settings()
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{path}:1: expected lines of `name: value`, found something else")
    return _settings(path, root)


def _settings(path: Path, root: yaml.MappingNode) -> Settings:
    values: dict[str, Any] = {}
    errors: list[str] = []
    for key, node in root.value:
        where = f"{path}:{key.start_mark.line + 1}"
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name in _RENAMED:
            errors.append(f"{where}: {name} is called {_RENAMED[name]} by now; write that name")
        elif name not in FIELDS:
            errors.append(f"{where}: no setting has the name {name!r}{did_you_mean(name, FIELDS)}")
        elif name in values:
            errors.append(f"{where}: the setting {name} stands here a second time; keep one of the lines")
        else:
            try:
                values[name] = _value(FIELDS[name], node)
            except InvalidError as error:
                errors.append(f"{where}: {name}: {error}")
    if errors:
        raise UsageError("; ".join(errors))
    return Settings(**values)


def _value(field: Field, node: yaml.Node) -> Any:
    if field.type == tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise InvalidError('expected a list such as ["a.example.com"]')
        return tuple(_scalar(item) for item in node.value)
    value = _converted(field, _scalar(node))
    if is_below(value, field.explained.least):
        least = field.explained.least
        shown = format_duration(least) if isinstance(least, timedelta) else least
        raise InvalidError(f"expected at least {shown}, found {_scalar(node)}")
    return value


def _converted(field: Field, text: str) -> Any:
    if field.type is timedelta:
        return parse_duration(text)
    if field.type is int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
            raise InvalidError(f"expected a whole number, found {text[:40]!r}")
        return int(text)
    if issubclass(field.type, StrEnum):
        names = [str(member) for member in field.type]
        if text not in names:
            raise InvalidError(f"expected one of {', '.join(names)}, found {text[:40]!r}{did_you_mean(text, names)}")
        return field.type(text)
    return text


def _scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise InvalidError("expected one value, found a list or a map")
    return str(node.value)
