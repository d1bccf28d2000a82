"""Writes docs/schema/*.json, from which an editor completes and checks `.vgo` files: `python -m tools.schemas`.

They are built in `vigo.policy.schemas`, from where a server serves the same ones; add a key or a document there.
"""

import sys
from pathlib import Path
from typing import Final

from vigo.policy.schemas.pages import pages

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "schema"


def main(arguments: list[str]) -> int:
    """Write the schemas; return the exit status."""
    if arguments:
        print("expected no arguments: the schemas are written into docs/schema/", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
