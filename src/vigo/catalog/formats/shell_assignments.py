"""Files of `NAME=value` lines that a shell reads: one value changed, every other line kept byte for byte.

Source: locale.conf(5), environment.d(5), and sh(1) for quotes.
"""

import re

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,-]*")


def assigned_value(text: str, name: str) -> str | None:
    """Return the value of a variable, its quotes resolved, or None for no assignment; of several the last counts."""
    found = list(_pattern(name).finditer(text))
    return None if not found else _unquoted(found[-1]["value"].strip())


def with_value(text: str, name: str, value: str) -> str:
    """Return the text with the variable's last assignment changed, or with a new one at its end."""
    found = list(_pattern(name).finditer(text))
    if not found:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}{name}={_quoted(value, '')}\n"
    last = found[-1]
    quote = last["value"][:1] if last["value"][:1] in ('"', "'") else ""
    return text[: last.start("value")] + _quoted(value, quote) + text[last.end("value") :]


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}=(?P<value>[^\r\n]*)", re.MULTILINE)


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in ('"', "'"):
        end = value.find(quote, 1)
        return value[1:] if end < 0 else value[1:end]
    return re.split(r"[ \t;#]", value, maxsplit=1)[0]


def _quoted(value: str, quote: str) -> str:
    return f"{quote}{value}{quote}" if quote or _BARE.fullmatch(value) else f'"{value}"'
