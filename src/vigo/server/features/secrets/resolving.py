"""The values of references, from whichever backend; nothing here keeps one."""

from collections.abc import Iterable

from vigo.core.errors import NotFoundError, TooLargeError, VigoError
from vigo.core.secret_marker import WHOLE, SecretMarker, marker_named
from vigo.core.wire.secret_messages import MOST_SECRET_BYTES, Resolved
from vigo.server.features.secrets.models import SecretContent, SecretReader


def value_of(marker: SecretMarker, content: SecretContent) -> str:
    """Return the value that a reference means: its field, or the only one there is.

    Raises:
        NotFoundError: the secret has no such field.
    """
    if marker.field in content.fields:
        return content.fields[marker.field]
    if marker.field == WHOLE and len(content.fields) == 1:
        return next(iter(content.fields.values()))
    fields = ", ".join(sorted(content.fields)) or "none"
    if marker.field == WHOLE:
        message = f"expected one field in the secret {marker.path}, found {fields}; name one, as in secret:PATH#FIELD"
    else:
        message = f"expected the field {marker.field} in the secret {marker.path}, found {fields}; correct the name"
    raise NotFoundError(message)


def resolved(reader: SecretReader, names: Iterable[str]) -> Resolved:
    """Return the values of secrets by name, and why others have none; each is read once. It belongs into a thread.

    Raises:
        TooLargeError: they are more than one answer can hold.
    """
    contents: dict[str, SecretContent | VigoError] = {}
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in names:
        marker = marker_named(name)
        if marker.path not in contents:
            contents[marker.path] = _read(reader, marker.path)
        content = contents[marker.path]
        try:
            if isinstance(content, VigoError):
                problems[name] = str(content)
            else:
                values[name] = value_of(marker, content)
        except NotFoundError as error:
            problems[name] = str(error)
    if sum(map(len, values.values())) > MOST_SECRET_BYTES:
        raise TooLargeError(
            f"expected secrets of at most {MOST_SECRET_BYTES >> 20} MiB in one bundle, found more; put large files"
            " elsewhere, encrypted, and only their keys here"
        )
    return Resolved(values, problems)


def _read(reader: SecretReader, path: str) -> SecretContent | VigoError:
    try:
        return reader.read(path)
    except VigoError as error:
        return error
