"""What the repository holds: the files that are committed or would be, and where its parts are."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Return every file that git knows or would add, relative to the root, sorted."""
    argv = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, capture_output=True, check=True, text=True).stdout
    return tuple(sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()))


def text(path: Path | str) -> str:
    """Return a file's content by its path relative to the root."""
    return (ROOT / path).read_text(encoding="utf-8")
