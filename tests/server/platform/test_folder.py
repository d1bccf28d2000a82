import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vigo.core.errors import ConflictError, DamagedError
from vigo.server.platform.folder import initialise as module
from vigo.server.platform.folder.initialise import (
    check_complete,
    check_usable,
    initialise,
    is_initialised,
    make_root,
    mint_admin_token,
)
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.folder.lock import only_process
from vigo.testing.clock import FakeClock

CLOCK = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))


class KilledError(Exception):
    pass


def _made(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    check_usable(folder)
    make_root(folder)
    initialise(folder, CLOCK)
    return folder


def _content(folder: DataFolder) -> dict[str, bytes]:
    return {str(path.relative_to(folder.root)): path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}


def test_nothing_in_a_data_folder_is_for_others(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    for path in (folder.admin_token, *folder.keys.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_initialising_again_replaces_nothing_but_the_admin_token(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    before = _content(folder)
    initialise(folder, CLOCK)
    after = _content(folder)
    assert {name for name in before if before[name] != after[name]} == {"admin.token"}
    assert before.keys() == after.keys()


def test_an_init_that_is_killed_at_any_file_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.write_atomically
    complete = set(_content(_made(tmp_path / "whole")))
    for allowed in range(len(complete)):
        folder = DataFolder(tmp_path / f"killed-{allowed}")
        left = allowed

        def write(path: Path, content: bytes, mode: int = 0o600) -> None:
            nonlocal left
            if left == 0:
                raise KilledError
            left -= 1
            real(path, content, mode)

        check_usable(folder)
        make_root(folder)
        monkeypatch.setattr(module, "write_atomically", write)
        with pytest.raises(KilledError):
            initialise(folder, CLOCK)
        monkeypatch.setattr(module, "write_atomically", real)
        assert not is_initialised(folder)
        kept = {name: content for name, content in _content(folder).items() if name.startswith("keys/")}
        check_usable(folder)
        initialise(folder, CLOCK)
        check_complete(folder)
        found = _content(folder)
        assert set(found) == complete
        assert all(found[name] == content for name, content in kept.items())


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root")
    with pytest.raises(ConflictError, match="found passwd in it"):
        check_usable(DataFolder(tmp_path))


def test_stacks_and_settings_that_an_operator_put_there_first_are_kept(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.stacks.mkdir(parents=True)
    (folder.stacks / "envoys.vgo").write_text("envoys: []\n")
    folder.settings.write_text("log_level: debug\n")
    check_usable(folder)
    make_root(folder)
    initialise(folder, CLOCK)
    assert [path.name for path in folder.stacks.iterdir()] == ["envoys.vgo"]
    assert folder.settings.read_text() == "log_level: debug\n"


def test_a_key_that_is_lost_is_never_made_anew(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    folder.ca_key.unlink()
    with pytest.raises(DamagedError, match="restore it from a backup"):
        check_complete(folder)


def test_the_admin_token_is_another_at_every_minting(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    first = folder.admin_token.read_text()
    assert mint_admin_token(folder) != first.strip()


def test_one_data_folder_has_one_process(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    with (
        only_process(folder),
        pytest.raises(ConflictError, match=r"another vigosrv uses this data folder \(process \d+"),
        only_process(folder),
    ):
        pass
    with only_process(folder):
        pass
