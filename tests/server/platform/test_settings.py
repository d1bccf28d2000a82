from datetime import timedelta
from pathlib import Path

import pytest

from vigo.core.errors import UsageError
from vigo.server.platform.settings.document import settings_document
from vigo.server.platform.settings.fields import FIELDS, needing_restart
from vigo.server.platform.settings.load import load_settings
from vigo.server.platform.settings.model import LogLevel, Settings


def _loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "server.yaml"
    path.write_text(text)
    return load_settings(path)


def test_a_missing_or_empty_file_means_all_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "server.yaml") == Settings()
    assert _loaded(tmp_path, "# nothing\n") == Settings()


def test_the_document_that_init_writes_documents_every_setting_and_changes_none(tmp_path: Path) -> None:
    text = settings_document({})
    assert _loaded(tmp_path, text) == Settings()
    assert all(f"\n#{name}: " in text for name in FIELDS)


def test_every_default_in_the_document_is_the_default_when_its_comment_sign_is_taken_away(tmp_path: Path) -> None:
    text = settings_document({})
    for name in FIELDS:
        text = text.replace(f"\n#{name}: ", f"\n{name}: ")
    assert _loaded(tmp_path, text) == Settings()


def test_values_are_read_in_their_types(tmp_path: Path) -> None:
    found = _loaded(
        tmp_path, "check_in_interval: 30s\nkeep_runs_count: 7\nserver_names: [a, 10.0.0.1]\nlog_level: debug\n"
    )
    assert found.check_in_interval == timedelta(seconds=30)
    assert found.keep_runs_count == 7
    assert found.server_names == ("a", "10.0.0.1")
    assert found.log_level is LogLevel.DEBUG


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"server.yaml:2: no setting has the name 'grpc_listn'; did you mean 'grpc_listen'"
    ):
        _loaded(tmp_path, "\ngrpc_listn: x\n")


def test_all_errors_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _loaded(
            tmp_path, "check_in_interval: soon\nkeep_runs_count: 0\nlog_level: loud\nlog_level: info\nserver_names: a\n"
        )
    text = str(caught.value)
    for part in (
        ":1: check_in_interval: expected a duration",
        ":2: keep_runs_count: expected at least 1",
        ":3: log_level",
    ):
        assert part in text
    assert ":5: server_names: expected a list" in text


@pytest.mark.parametrize("text", ["[1, 2]", "a: b: c", "x\n", "\x00"])
def test_what_is_no_map_of_settings_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        _loaded(tmp_path, text)


def test_only_the_settings_that_need_it_ask_for_a_restart() -> None:
    changed = Settings(grpc_listen="127.0.0.1:1", check_in_interval=timedelta(seconds=9))
    assert needing_restart(Settings(), changed) == ("grpc_listen",)
