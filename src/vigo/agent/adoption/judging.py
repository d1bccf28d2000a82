"""Which candidates hold on this machine as it is: those that the kinds themselves find nothing to do for."""

from typing import Any

import msgspec

from vigo.agent.adoption.candidates import Found, LeftOut
from vigo.catalog.api import ReadHost
from vigo.catalog.protected import require_harmless
from vigo.catalog.scan import kinds_on_demand
from vigo.core.errors import VigoError

_MARKS = ("{{", "{%", "{#")


def judged(found: Found, host: ReadHost) -> Found:
    """Return the candidate where its first run would change nothing, else why it is left out."""
    if isinstance(found, LeftOut):
        return found
    if not all(map(_is_unicode, [found.name, *_texts(found.fields)])):
        name = found.name.encode(errors="surrogateescape").decode(errors="backslashreplace")
        return LeftOut(name=name, reason="it has a name or text that is no UTF-8, which no policy can hold")
    if any(mark in text for text in _texts(found.fields) for mark in _MARKS):
        return LeftOut(name=found.name, reason="it has a text that reads like a template; declare it by hand")
    kind = kinds_on_demand()[found.type]
    try:
        spec = msgspec.convert(found.fields, kind.spec)
        kind.validate(spec)
        require_harmless(kind, spec)
        ops = tuple(kind.plan(spec, kind.observe(spec, host)))
    except (VigoError, msgspec.ValidationError) as error:
        return LeftOut(name=found.name, reason=str(error))
    if ops:
        would = "; ".join(op.summary() for op in ops[:3])
        return LeftOut(name=found.name, reason=f"declared as it is, a run would still {would}")
    return found


def _is_unicode(text: str) -> bool:
    """Return whether a text has no bytes in it that are no UTF-8: those stand in it as surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    return []
