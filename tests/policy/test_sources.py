import os
from pathlib import Path

import pytest

from vigo.policy import sources
from vigo.policy.compiling import compile_stacks
from vigo.policy.sources import Sources, read_sources


def written(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def problems(found: Sources) -> list[str]:
    return [f"{one.file}: {one.message.partition(',')[0]}" for one in found.problems]


def test_every_file_is_read_by_its_path(tmp_path: Path) -> None:
    files = {"envoys.vgo": b"one", "configcrates/deep/a.vgo": b"two", "files/x": b"\xff"}
    assert read_sources(written(tmp_path, files)) == Sources(files)


def test_names_that_begin_with_a_dot_are_left_out(tmp_path: Path) -> None:
    files = {".git/config": b"x", ".hidden.vgo": b"x", "a/.swp": b"x", "a/b.vgo": b"y"}
    assert read_sources(written(tmp_path, files)) == Sources({"a/b.vgo": b"y"})


def test_no_folder_is_a_problem(tmp_path: Path) -> None:
    found = read_sources(tmp_path / "nowhere")
    assert problems(found) == [f".: expected the folder of the stacks at {tmp_path / 'nowhere'}"]
    assert compile_stacks(found).policy is None


def test_links_and_pipes_are_problems_and_are_not_opened(tmp_path: Path) -> None:
    root = written(tmp_path / "stacks", {"a.vgo": b"x"})
    secret = written(tmp_path, {"secret": b"s", "folder/b.vgo": b"s"})
    (root / "file.vgo").symlink_to(secret / "secret")
    (root / "folder").symlink_to(secret / "folder")
    (root / "broken").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    found = read_sources(root)
    assert dict(found.files) == {"a.vgo": b"x"}
    assert problems(found) == [
        f"{name}: expected a file or folder" for name in ("broken", "file.vgo", "folder", "pipe")
    ]


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = written(tmp_path, {"a.vgo": b"x", "b.vgo": b"y"})
    really_open = os.open

    def refusing(path: Path, flags: int) -> int:
        if Path(path).name == "a.vgo":
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags)

    monkeypatch.setattr(sources.os, "open", refusing)
    found = read_sources(root)
    assert dict(found.files) == {"b.vgo": b"y"}
    assert [one.message for one in found.problems] == ["the file cannot be read: Permission denied; correct its rights"]


def test_a_name_that_is_no_utf_8_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.vgo")).write_bytes(b"x")
    found = read_sources(tmp_path)
    assert not found.files
    assert problems(found) == ["a?.vgo: expected a file name in UTF-8"]
    compile_stacks(found)


def test_there_is_a_limit_to_files_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = written(tmp_path, {"a": b"12345", "b": b"12345", "c": b"12345"})
    monkeypatch.setattr(sources, "MOST_FILES", 2)
    assert problems(read_sources(root)) == ["c: expected stacks of at most 2 files and 256 MiB"]
    monkeypatch.setattr(sources, "MOST_BYTES", 8)
    found = read_sources(root)
    assert list(found.files) == ["a"]
    assert [one.file for one in found.problems] == ["b"]
