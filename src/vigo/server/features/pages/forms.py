"""What a form of a page says."""

from typing import Final
from urllib.parse import parse_qsl

from vigo.core.errors import InvalidError
from vigo.server.features.pages.rendering import PageRequest

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 50


async def form_of(request: PageRequest) -> dict[str, str]:
    """Return the fields of a form; of a field that comes twice, the last one.

    Raises:
        InvalidError: the body is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != _MEDIA_TYPE:
        raise InvalidError(f"expected a form ({_MEDIA_TYPE}), found {kind[:60]!r}")
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise InvalidError(f"expected a form of up to {_MOST_FIELDS} fields in UTF-8, found another: {error}") from None


def number_of(form: dict[str, str], name: str, default: int) -> int:
    """Return a whole number of a form.

    Raises:
        InvalidError: the field has something else.
    """
    text = form.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS):
        raise InvalidError(f"{name}: expected a whole number, found {text[:40]!r}")
    return int(text)


_MOST_DIGITS: Final = 10
