"""Whatever stands around a place, an answer fits the text: no error, nothing outside of the line, nothing twice."""

import random

import pytest

from tests.policy.every_stacks import every_stacks
from vigo.policy.editing.completions import completions
from vigo.policy.editing.hovers import hover
from vigo.policy.editing.known import Known, Reader
from vigo.policy.editing.marks import mark, word_at
from vigo.policy.editing.targets import places_of, target_at
from vigo.policy.editing.texts import Text
from vigo.policy.sources import Sources
from vigo.policy.study import study

EVERY = every_stacks()
TYPED = (
    "",
    ":",
    ": ",
    "- ",
    "{",
    "[",
    '"',
    "'",
    "{{ ",
    "{% if ",
    "|",
    "\n",
    "  ",
    "\t",
    "#",
    "&a ",
    "\x00",
    "\U0001f600",
)
PLACES_A_FILE = 5


def answered(known: Known, file: str, content: str, offset: int) -> None:
    """Ask everything about a place, and hold the answers against the text."""
    text = Text(content)
    line = text.line_at(offset)
    found = completions(known, file, content, offset)
    for one in found:
        assert one.span.start <= one.span.end <= line.end
        assert one.span.start >= line.start
        assert one.label
    keys = [one.label for one in found if one.sort == "key"]
    assert len(keys) == len(set(keys))
    told = hover(known, file, content, offset)
    assert told is None or (told.text and told.span.start <= offset <= told.span.end)
    target = target_at(file, content, offset)
    for place in () if target is None else places_of(known, file, target):
        assert place.file in known.files


@pytest.mark.parametrize("name", EVERY)
def test_any_place_of_any_file_has_an_answer_while_it_is_written(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - the same places each time
    sources = Sources(EVERY[name])
    studied = study(sources)
    known = Reader().read(sources, studied.study)
    for file, content in EVERY[name].items():
        whole = content.decode("utf-8", errors="replace")
        for _ in range(PLACES_A_FILE):
            offset = chance.randint(0, len(whole))
            typed = chance.choice(TYPED)
            answered(known, file, whole, offset)
            answered(known, file, f"{whole[:offset]}{typed}{whole[offset:]}", offset + len(typed))
            answered(known, file, whole[:offset] + typed, offset + len(typed))
    for one in studied.diagnostics:
        text = Text.of(EVERY[name].get(one.file, b""))
        span = mark(text, one).span
        assert 0 <= span.start <= span.end <= len(text.content)
        assert span.end > span.start or not text.content
        assert word_at(text, span.start).start <= span.start


@pytest.mark.parametrize(
    "text",
    [
        *("a:" + sign * 200_000 for sign in (" ", "x", "'", '"', "{", "[", ": ", " #", "&", "\\", "{{ ", "- ", "\r")),
        *(f"resources:\n - when: a{sign * 100_000}" for sign in (".b", " | b", " is not")),
        *("a: [" + sign * 60_000 for sign in ("[a, ", "{b: 1}, ", ",", "{name: ")),
        "a:\n" + "  - b\n" * 60_000,
        "x" * 200_000 + ": y",
        "\n".join(" " * depth + "a:" for depth in range(500)),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_large_text_of_a_single_sign_is_answered(text: str) -> None:
    for file in ("configcrates/web.vgo", "templates/a"):
        for offset in (3, len(text) // 2, len(text)):
            answered(Reader().read(Sources({}), None), file, text, offset)
    span = word_at(Text(text), 2)
    assert span.end > span.start
