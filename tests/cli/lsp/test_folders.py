import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from vigo.cli.lsp.folders import StacksFolder
from vigo.cli.lsp.looking import NOTHING, Looker, Seen
from vigo.policy.editing.texts import Units

Look = Callable[[Mapping[str, str]], Seen]


def looking(root: Path, look: Look, work: Callable[[StacksFolder, list[Seen]], Coroutine[Any, Any, None]]) -> None:
    """Run work with a folder that is looked at in another way."""

    class Looking(Looker):
        def look(self, edited: Mapping[str, str], units: Units) -> Seen:
            assert units == "utf-16"
            return look(edited)

    async def run() -> None:
        published: list[Seen] = []
        with ThreadPoolExecutor(1) as worker:
            folder = StacksFolder(root, "utf-16", worker, lambda _, seen: published.append(seen))
            folder._looker = Looking(root)
            await work(folder, published)
            folder.stop()

    asyncio.run(run())


def seen(**files: bytes) -> Seen:
    return Seen(files, NOTHING.known, {})


def test_a_look_that_fails_is_logged_and_the_next_one_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def look(edited: Mapping[str, str]) -> Seen:
        if not edited:
            raise ValueError("a fault")
        return seen(a=b"1")

    async def work(folder: StacksFolder, published: list[Seen]) -> None:
        folder.changed()
        assert await folder.seen() is NOTHING
        folder.edited["a"] = "1"
        folder.changed()
        assert (await folder.settled()).files == {"a": b"1"}
        assert len(published) == 1

    with caplog.at_level(logging.ERROR):
        looking(tmp_path, look, work)
    assert "the stacks could not be looked at" in caplog.text
    assert "a fault" in caplog.text


def test_what_changes_during_a_look_is_looked_at_behind_it_once(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    looks: list[dict[str, str]] = []

    def look(edited: Mapping[str, str]) -> Seen:
        looks.append(dict(edited))
        begun.set()
        assert go_on.wait(60)
        return seen(**{name: text.encode() for name, text in edited.items()})

    async def work(folder: StacksFolder, published: list[Seen]) -> None:
        folder.edited["a"] = "1"
        folder.changed()
        await asyncio.to_thread(begun.wait, 60)
        for text in ("2", "3", "4"):
            folder.edited["a"] = text
            folder.changed()
        settled = asyncio.create_task(folder.settled())
        go_on.set()
        assert (await settled).files == {"a": b"4"}
        assert looks == [{"a": "1"}, {"a": "4"}]
        assert len(published) == 2

    looking(tmp_path, look, work)


def test_nothing_is_looked_at_after_the_end(tmp_path: Path) -> None:
    looks: list[Mapping[str, str]] = []

    def look(edited: Mapping[str, str]) -> Seen:
        looks.append(edited)
        return NOTHING

    async def work(folder: StacksFolder, published: list[Seen]) -> None:
        folder.changed()
        await folder.seen()
        folder.changed()
        folder.stop()
        folder._start()
        assert await folder.settled() is NOTHING
        assert len(looks) == len(published) == 1

    looking(tmp_path, look, work)
