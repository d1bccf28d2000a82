"""The pages of the documentation, cut into sections and blocks such that tests can try what they say.

A section begins at a heading and ends at the next one. What its blocks are:

- a block that begins with a comment that is a path (`# configcrates/web.vgo`, `# data/sites.yaml`) holds files, each
  up to the next such comment; the files of a section are one folder of stacks. Where none of them has entries, every
  machine gets all its configcrates;
- a `text` block holds the diagnostics of those stacks, all of them;
- a `text` block that begins with `$ ` holds commands and what each prints; a line `...` stands for what is left out.
  They are asked about the stacks of the section, or of another one of the page that a comment above the block names:
  `<!-- of TITLE -->`. On the page of an example they are typed at the root of the repository (tests/examples);
- a `yaml` block that begins with `# gives HOST` holds fields of what that host gets;
- a `yaml` block that begins with `# server.yaml` holds settings of the server, one with `# notify.yaml` its channels,
  one that begins with `resources:` resources of a configcrate;
- an `sh` block holds commands.

What a page shows of diagnostics and of commands is written anew by `VIGO_WRITE_EXPECTED=1 .venv/bin/pytest tests/docs`:
read each line that changed as an operator at night would, then commit it.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.gates.tree import ROOT, files, text

GUIDE = "docs/guide"
REWRITE = "VIGO_WRITE_EXPECTED"
CHANGED = f"where it is better now, run `{REWRITE}=1 .venv/bin/pytest tests/docs`, and read and commit what changed"

_FENCED = re.compile(
    r"^(?:<!-- of (?P<of>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_TITLE = re.compile(r"^(?P<level>#+) (?P<title>.+)\n", re.MULTILINE)
_FILE = re.compile(r"^# ([\w.-]+(?:/[\w.-]+)+|[\w-]+\.(?:vgo|json|ya?ml))\n", re.MULTILINE)
_GIVES = re.compile(r"# gives (\S+)\n")
_CONFIGCRATE = re.compile(r"^configcrate: (\S+)$", re.MULTILINE)
_SETTINGS = "server.yaml"
_CHANNELS = "notify.yaml"


class Block(NamedTuple):
    """A fenced block. `of` is the title of the section whose stacks it asks about, where it names one."""

    language: str
    text: str
    of: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The files in it by their paths; none where it is no such block."""
        if self.language == "text" or not _FILE.match(self.text) or self.is_settings or self.is_channels:
            return {}
        parts = _FILE.split(self.text)
        return {path: content.rstrip("\n") + "\n" for path, content in zip(parts[1::2], parts[2::2], strict=True)}

    @property
    def is_settings(self) -> bool:
        """Whether it holds settings of the server."""
        return self.language == "yaml" and self.text.startswith(f"# {_SETTINGS}\n")

    @property
    def is_channels(self) -> bool:
        """Whether it holds the channels that a server tells people by."""
        return self.language == "yaml" and self.text.startswith(f"# {_CHANNELS}\n")

    @property
    def is_resources(self) -> bool:
        """Whether it holds the resources of a configcrate whose other lines are left out."""
        return self.language == "yaml" and self.text.startswith("resources:\n")

    @property
    def host(self) -> str | None:
        """The host that it says the resources of."""
        found = _GIVES.match(self.text)
        return None if found is None else found[1]

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Commands and what each prints."""
        if self.language != "text" or not self.text.startswith("$ "):
            return []
        parts = re.split(r"^\$ (.+)\n", self.text, flags=re.MULTILINE)
        return list(zip(parts[1::2], parts[2::2], strict=True))


class Section(NamedTuple):
    """A heading and what stands between it and the next one."""

    page: str
    title: str
    level: int
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks."""
        return [Block(one["language"], one["text"], one["of"]) for one in _FENCED.finditer(self.text)]

    @property
    def stacks(self) -> dict[str, str]:
        """Its files by their paths, with an entry for every machine where it has none."""
        found = {path: content for block in self.blocks for path, content in block.files.items()}
        if found and not any(re.search("^envoys:", content, re.MULTILINE) for content in found.values()):
            crates = [name for content in found.values() for name in _CONFIGCRATE.findall(content)]
            found["envoys.vgo"] = f'envoys: [{{match: "*", configcrates: [{", ".join(crates)}]}}]\n'
        return found

    @property
    def shown(self) -> str:
        """The diagnostics that it shows."""
        return "".join(one.text for one in self.diagnostics)

    @property
    def diagnostics(self) -> list[Block]:
        """The blocks that show diagnostics."""
        return [one for one in self.blocks if one.language == "text" and not one.commands]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its first table, without the head."""
        lines: list[str] = []
        for line in self.text.splitlines():
            if line.startswith("|"):
                lines.append(line)
            elif lines:
                break
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines[2:]]

    def __str__(self) -> str:
        return f"{self.page}: {self.title}"


def pages(*folders: str) -> list[str]:
    """Return every page, or those at or below some paths, by its path in the repository."""
    found = [str(path) for path in files() if path.suffix == ".md"]
    return [one for one in found if not folders or any(Path(one).is_relative_to(folder) for folder in folders)]


def documents() -> list[str]:
    """Return the pages that people read who run Vigo: their snippets are tried."""
    return pages("README.md", "docs", "examples")


@cache
def sections(page: str) -> tuple[Section, ...]:
    """Return the sections of a page; what stands before the first heading is none."""
    whole = text(page)
    # In a block a line that begins with `#` is a comment.
    blanked = _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), whole)
    titles = list(_TITLE.finditer(blanked))
    ends = [title.start() for title in titles[1:]] + [len(whole)]
    return tuple(
        Section(page, title["title"], len(title["level"]), whole[title.end() : end])
        for title, end in zip(titles, ends, strict=True)
    )


def section(page: str, title: str) -> Section:
    """Return the section of a page of the guide with a title."""
    return next(one for one in sections(f"{GUIDE}/{page}") if one.title == title)


def every_section(*folders: str) -> Iterator[Section]:
    """Yield the sections of all documents, or of those at or below some paths."""
    for page in pages(*folders) if folders else documents():
        yield from sections(page)


def anchors(page: str) -> set[str]:
    """Return the anchors that a page's headings have, as GitHub makes them."""
    found: set[str] = set()
    for one in sections(page):
        anchor = re.sub(r"[^\w -]", "", one.title.lower()).replace(" ", "-")
        again = (f"{anchor}-{number}" for number in range(1, 1000))
        found.add(anchor if anchor not in found else next(name for name in again if name not in found))
    return found


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", text(page))


def renewed(one: Section, block: Block, wanted: str) -> Section:
    """Return a section; where people ask for it, with another text in one of its blocks, written to its page too."""
    if not os.environ.get(REWRITE) or block.text == wanted:
        return one
    path = ROOT / one.page
    whole, fence = path.read_text(encoding="utf-8"), f"```{block.language}\n"
    heading = re.search(rf"^{'#' * one.level} {re.escape(one.title)}\n", whole, re.MULTILINE)
    start = whole.index(f"{fence}{block.text}```", heading.end() if heading is not None else 0) + len(fence)
    path.write_text(whole[:start] + wanted + whole[start + len(block.text) :], encoding="utf-8")
    sections.cache_clear()
    return next(fresh for fresh in sections(one.page) if (fresh.title, fresh.level) == (one.title, one.level))
