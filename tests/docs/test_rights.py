"""docs/operating.md: every right has its row, and no other."""

import re

from tests.docs.pages import sections
from vigo.server.platform.auth.table import Permission


def test_every_right_is_explained() -> None:
    rows = [row for one in sections("docs/operating.md") for row in one.rows if re.match(r"`[a-z-]+:[a-z-]+`", row[0])]
    found = [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(found) == sorted(Permission)
