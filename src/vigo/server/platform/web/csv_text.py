"""Tables as CSV. Source: RFC 4180."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Response

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP, CSV injection."""


def csv_of(items: Sequence[msgspec.Struct], fields: Sequence[str]) -> str:
    """Return items as lines, below a line with the names of the fields; lists and maps stand as JSON."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(fields)
    for row in msgspec.to_builtins(items):
        writer.writerow([_cell(row[field]) for field in fields])
    return text.getvalue()


def csv_response(name: str, items: Sequence[msgspec.Struct], kind: type[msgspec.Struct]) -> Response[str]:
    """Return a file that a browser saves."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_of(items, kind.__struct_fields__), media_type="text/csv", headers=headers)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping) or (isinstance(value, Iterable) and not isinstance(value, str)):
        return msgspec.json.encode(value).decode()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int | float) else text
