"""Finding files of a host by patterns: the host's files alone, beneath its root, symlinks never entered."""

import re
from collections.abc import Iterator

from vigo.catalog.api import ReadFiles
from vigo.core.errors import InvalidError

MOST_FILES = 10_000
"""How many one pattern may find; a policy of more is no policy."""

_TRANSLATED = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_PART = re.compile(r"\*\*|\*|\?|[^*?]+")


def matching(files: ReadFiles, pattern: str) -> Iterator[str]:
    """Yield the paths that a pattern matches, in order: `*` and `?` within a name, `**` across directories.

    Raises:
        InvalidError: the pattern is not absolute, or finds too many.
        UnavailableError: a directory cannot be read.
    """
    if not pattern.startswith("/"):
        raise InvalidError(f"expected an absolute pattern such as /etc/nginx/**, found {pattern!r}")
    expression = re.compile("".join(_TRANSLATED.get(part, re.escape(part)) for part in _PART.findall(pattern)))
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if fixed == pattern:
        if files.stat(pattern) is not None:
            yield pattern.rstrip("/") or "/"
        return
    found = 0
    for path in _beneath(files, fixed.rpartition("/")[0] or "/"):
        if expression.fullmatch(path):
            found += 1
            if found > MOST_FILES:
                raise InvalidError(f"expected a pattern that finds at most {MOST_FILES} paths: {pattern} finds more")
            yield path


def _beneath(files: ReadFiles, folder: str) -> Iterator[str]:
    for name in files.list_directory(folder) or ():
        path = f"{folder.rstrip('/')}/{name}"
        yield path
        stat = files.stat(path)
        if stat is not None and stat.kind == "directory":
            yield from _beneath(files, path)
