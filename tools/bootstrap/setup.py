"""Sets up `.venv` from the lock: `python3 tools/bootstrap/setup.py`, as `make setup` runs it.

This file is kept readable for Python 3.6, so that an older interpreter is told what to do instead of a syntax error.
"""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    found = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(
        f"set-up: Vigo needs Python 3.11 or later; {sys.executable} is Python {found}.\n"
        "Install a newer one (Debian 12 and later: apt-get install python3), "
        "or name one that you have: make setup PYTHON=python3.12"
    )

from environment import set_up  # noqa: E402 - an older interpreter could not read that module

if __name__ == "__main__":
    sys.exit(set_up())
