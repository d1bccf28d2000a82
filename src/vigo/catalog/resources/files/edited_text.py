"""The text of a file of which a resource manages a part."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.resources.files.attributes import require_parent
from vigo.core.errors import BlockedError, InvalidError

MAX_EDITED_BYTES = 8 * 1024 * 1024
"""The largest file that is edited in part; it is read as a whole, several times."""


class EditedText(msgspec.Struct, frozen=True):
    """The file as it is; `text` is None where there is none. Bytes that are no text are kept as surrogates."""

    stat: FileStat | None
    text: str | None


def text_to_edit(host: ReadHost, path: str, *, is_created: bool = False) -> EditedText:
    """Return the text at a path. `is_created` says that the file is made where it is missing.

    Raises:
        InvalidError: something else is there, or too much.
        BlockedError: the file shall be made, and has no directory.
        UnavailableError: it cannot be read.
    """
    stat = host.stat(path)
    if stat is None:
        if is_created:
            require_parent(host, path)
        return EditedText(None, None)
    if stat.kind != "file":
        target = f" to {host.read_link(path)}; name that path" if stat.kind == "symlink" else ""
        raise InvalidError(f"path: expected a regular file at {path}, found a {stat.kind}{target}")
    if stat.size_bytes > MAX_EDITED_BYTES:
        raise InvalidError(
            f"path: expected a file of at most {MAX_EDITED_BYTES} bytes to edit, found {stat.size_bytes} bytes in"
            f" {path}; replace it by a file resource"
        )
    content = host.read_bytes(path)
    return EditedText(stat, None if content is None else decoded(content))


def require_text(path: str, state: EditedText, *, has_option: bool = True) -> None:
    """Accept a file that is there.

    Raises:
        BlockedError: it is not.
    """
    if state.text is None:
        advice = "set create: true or make it first" if has_option else "make it first"
        raise BlockedError(f"path: expected a file at {path}, found none; {advice}")


def written(path: str, state: EditedText, after: str, field: str) -> Iterator[Op]:
    """Yield the whole file anew where its text differs."""
    if after != (state.text or ""):
        changes = (field,) if state.text is not None else ("state", field)
        yield WriteFile(path=path, content=encoded(after), changes=changes)


def encoded(text: str) -> bytes:
    """Return the bytes of a text."""
    return text.encode(errors="surrogateescape")


def decoded(content: bytes) -> str:
    """Return the text of a file; `encoded` gives its bytes again."""
    return content.decode(errors="surrogateescape")
