"""What a write would change, as text for people: bounded, and without what not everybody may read."""

from collections.abc import Iterable
from itertools import islice

from vigo.catalog.api import ReadFiles
from vigo.catalog.ops import Op, WriteFile
from vigo.core.errors import VigoError

MAX_INPUT_BYTES = 256 * 1024
"""A larger file is not compared line by line: that takes quadratic time in the worst case."""

MAX_LINES = 200
MAX_CHARACTERS = 8_000
MAX_CHARACTERS_IN_A_PASS = 400_000
NEW_FILE_MODE = 0o644
_READABLE_BY_ALL = 0o004


class Diffs:
    """The diffs of one pass, which together stay below a limit."""

    def __init__(self, files: ReadFiles) -> None:
        self._files = files
        self._left = MAX_CHARACTERS_IN_A_PASS

    def of(self, ops: Iterable[Op], after: str = "declared") -> str:
        """Return the unified diffs of the writes among the operations, before they are carried out.

        `after` is the word for the state that they lead to.
        """
        text = "".join(
            self._described(op, after) if isinstance(op, WriteFile) else op.described()[:MAX_CHARACTERS] for op in ops
        )
        if len(text) > self._left:
            return "(not shown: the diffs of this run are over their limit)\n" if text else ""
        self._left -= len(text)
        return text

    def _described(self, op: WriteFile, after: str) -> str:
        try:
            return self._of_write(op, after)
        except VigoError as error:
            # What cannot be read can often still be replaced; the write itself will tell.
            return f"{op.path}: not shown: {error}\n"

    def _of_write(self, op: WriteFile, word: str) -> str:
        stat = self._files.stat(op.path)
        regular = stat is not None and stat.kind == "file"
        mode = op.mode if op.mode is not None else NEW_FILE_MODE
        modes = (mode, stat.mode) if stat is not None and regular else (mode,)
        if not all(each & _READABLE_BY_ALL for each in modes):
            # What is private on the machine must not become readable to whoever may read reports.
            return f"{op.path}: content not shown, since the file is not readable by all\n"
        if stat is not None and max(stat.size_bytes, len(op.content)) > MAX_INPUT_BYTES:
            return f"{op.path}: {stat.size_bytes} bytes become {len(op.content)}; too large to compare\n"
        before = (self._files.read_bytes(op.path) or b"") if regular else b""
        if before == op.content:
            return ""
        return unified(op.path, before, op.content, word)


def unified(path: str, before: bytes, after: bytes, word: str = "declared") -> str:
    """Return the unified diff of two contents, cut at its limits; what is no text is only described."""
    old, new = _text(before), _text(after)
    if old is None or new is None:
        return f"{path}: {len(before)} bytes become {len(after)}; not text\n"
    import difflib  # noqa: PLC0415 - most runs have nothing to compare

    lines = difflib.unified_diff(_lines(old), _lines(new), f"{path} (now)", f"{path} ({word})", n=2)
    shown = list(islice(lines, MAX_LINES + 1))
    text = "".join(shown[:MAX_LINES])
    if len(shown) > MAX_LINES or len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS].rpartition("\n")[0] + "\n(cut here)\n"
    return text


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return ended if not lines[-1] else [*ended, lines[-1] + "\n\\ no line feed at the end\n"]


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
