from typing import Any

import msgspec
import pytest

from vigo.catalog.ops import MakeHardLink
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import InvalidError
from vigo.testing.fake_host import FakeHost


def linked() -> FakeHost:
    """Return a host on which one file has two names."""
    host = FakeHost({"/etc/a": "old\n"})
    host.apply(MakeHardLink(path="/etc/b", to="/etc/a"))
    return host


def planned(host: FakeHost, kind: str, **fields: Any) -> list[str]:
    declared = resource_kinds()[kind]
    spec = msgspec.convert({"path": "/etc/a", **fields}, declared.spec)
    ops = list(declared.plan(spec, declared.observe(spec, host)))
    for op in ops:
        host.apply(op)
    return [op.summary() for op in ops]


@pytest.mark.parametrize(("kind", "fields"), [("file", {"content": "new\n"}), ("file_line", {"line": "new"})])
def test_a_dry_run_says_too_that_other_names_would_keep_the_former_content(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=r"one with 2 \(hard links\).*break_links: true"):
        planned(linked(), kind, **fields)


def test_the_other_name_keeps_the_former_content_where_it_may() -> None:
    host = linked()
    assert planned(host, "file", content="new\n", break_links=True) == ["write /etc/a"]
    assert (host.read_text("/etc/a"), host.read_text("/etc/b")) == ("new\n", "old\n")


def test_what_replaces_no_content_leaves_the_names_alone() -> None:
    assert planned(linked(), "file", content="old\n", mode="0600") == ["chmod 0600 /etc/a"]
    assert planned(linked(), "file", state="absent") == ["remove /etc/a"]
