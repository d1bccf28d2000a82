"""Editing a text that may end its lines as DOS does: the editor sees line feeds, the file keeps its ends."""

from collections.abc import Callable


def with_ends_kept(text: str, edit: Callable[[str], str]) -> str:
    """Return the edited text; where each line ends in CR LF, new ones do too.

    A file with both sorts of ends is edited as it is.
    """
    if "\r\n" not in text or text.count("\r\n") != text.count("\n"):
        return edit(text)
    return edit(text.replace("\r\n", "\n")).replace("\n", "\r\n")
