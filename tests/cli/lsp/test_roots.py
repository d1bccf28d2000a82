from pathlib import Path

import pytest

from vigo.cli.lsp.roots import name_in, stacks_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        *("infra/stacks/configcrates/data/db.vgo", "infra/stacks/roles/roles.vgo", "infra/stacks/edge/envoys.vgo"),
        *("infra/stacks/templates/a/site.conf", "young/envoys.vgo", "young/web/envoys.vgo", "notes/todo.txt"),
        *("other/environments.vgo", "older/roles.vgo"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "root"),
    [
        ("infra/stacks/configcrates/data/db.vgo", "infra/stacks"),
        ("infra/stacks/configcrates/not/saved.vgo", "infra/stacks"),
        ("infra/stacks/roles/roles.vgo", "infra/stacks"),
        ("infra/stacks/edge/envoys.vgo", "infra/stacks"),
        ("infra/stacks/templates/a/site.conf", "infra/stacks"),
        ("other/envoys.vgo", "other"),
        ("older/a/b/envoys.vgo", "older"),
        ("young/web/envoys.vgo", None),
        ("notes/todo.txt", None),
    ],
)
def test_the_stacks_of_a_file_are_the_nearest_folder_that_looks_like_some(
    folder: Path, file: str, root: str | None
) -> None:
    assert stacks_of(folder / file) == (None if root is None else folder / root)


def test_stacks_that_do_not_look_like_any_yet_are_the_workspace(folder: Path) -> None:
    workspace = [folder, folder / "young", folder / "notes"]
    assert stacks_of(folder / "young/web/envoys.vgo", workspace) == folder / "young"
    assert stacks_of(folder / "notes/todo.txt", workspace) is None
    assert stacks_of(folder / "infra/stacks/edge/envoys.vgo", [folder / "infra"]) == folder / "infra/stacks"


def test_stacks_that_are_given_are_the_only_ones(folder: Path) -> None:
    given = folder / "young"
    assert stacks_of(folder / "young/web/envoys.vgo", (), given) == given
    assert stacks_of(folder / "infra/stacks/edge/envoys.vgo", (), given) is None
    assert stacks_of(given, (), given) is None


def test_given_stacks_are_known_by_another_way_as_the_editor_writes_it(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "young")
    assert stacks_of(folder / "link/envoys.vgo", (), folder / "young") == folder / "link"


def test_a_name_in_the_stacks_has_no_part_that_begins_with_a_dot(folder: Path) -> None:
    assert name_in(folder, folder / "a/b.vgo") == "a/b.vgo"
    assert name_in(folder, folder / ".git/b.vgo") is None
    assert name_in(folder, folder / "a/.b.vgo.swp") is None
    assert name_in(folder, folder) is None
    assert name_in(folder / "a", folder / "b.vgo") is None
