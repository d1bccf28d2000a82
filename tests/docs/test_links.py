"""What a page refers to is there: pages, their headings, and other files of the repository."""

import os
import re
from pathlib import Path

import pytest

from tests.docs.pages import GUIDE, anchors, pages, prose, section, sections
from tests.gates.tree import ROOT

LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+://|mailto:")
CODE = re.compile(r"`[^`\n]*`")


@pytest.mark.parametrize("page", pages())
def test_what_a_page_refers_to_is_there(page: str) -> None:
    links = LINK.findall(CODE.sub("", prose(page)))
    assert [link for link in links if not ELSEWHERE.match(link) and not _is_there(page, link)] == []


def test_a_link_to_nothing_is_noticed() -> None:
    assert _is_there("docs/operating.md", "guide/README.md#cheat-sheet")
    assert _is_there("docs/guide/README.md", "../../CONTRIBUTING.md")
    assert _is_there("docs/guide/files.md", "#the-files")
    assert not _is_there("docs/guide/files.md", "#the-filez")
    assert not _is_there("docs/guide/files.md", "file.md")
    assert not _is_there("docs/guide/files.md", "files.md#mistake")


def test_every_page_of_the_guide_stands_in_its_map() -> None:
    listed = re.findall(r"\]\((\w+\.md)\)", section("README.md", "The pages, in reading order").text)
    assert sorted(listed) == sorted(page.removeprefix(f"{GUIDE}/") for page in pages(GUIDE) if "README" not in page)


@pytest.mark.parametrize("page", [page for page in pages(GUIDE) if not page.endswith(("README.md", "glossary.md"))])
def test_a_page_says_where_to_read_on(page: str) -> None:
    last = sections(page)[-1] if not page.endswith("messages.md") else None
    assert last is None or (last.title == "Read on" and LINK.search(last.text))


def _is_there(page: str, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = os.path.normpath(Path(page).parent / path) if path else page
    if not (ROOT / target).exists():
        return False
    return not anchor or (target.endswith(".md") and anchor in anchors(target))
