"""Queries: an expression over fresh traits, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.agent.tasks.printed import Printed
from vigo.agent.tasks import query
from vigo.agent.tasks.query import answer
from vigo.core.errors import InvalidError, TooLargeError
from vigo.core.ids import EnvoyId, new_task_id
from vigo.core.task import HEAD_BYTES, TaskOrder


def asked(expression: str, root: Path, rows: int = 0) -> object:
    order = TaskOrder(
        task=new_task_id(),
        envoy=EnvoyId("00000000-0000-4000-8000-000000000000"),
        kind="query",
        command=expression,
        rows=rows,
        timeout=timedelta(minutes=1),
        not_after=datetime.now(UTC),
    )
    printed = Printed()
    assert answer(order, str(root), printed).status == 0
    return msgspec.json.decode(bytes(printed.data))


def test_a_value_is_told_as_json_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="{{7*7}}"\n')
    assert asked("traits.os.version", tmp_path) == "12"
    assert asked("{'id': traits.os.id, 'n': [1, 2.5, none, true]}", tmp_path) == {
        "id": "debian",
        "n": [1, 2.5, None, True],
    }
    assert asked("os_family('debian') and file_exists('/etc/os-release')", tmp_path) is True
    assert asked("traits.os.pretty_name | default('{{7*7}}')", tmp_path) == "{{7*7}}", "12: data is not rendered"


def test_only_what_is_named_is_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[set[str]] = []
    real = query.collect_all

    def spied(host: object, clock: object, previous: object, declared: dict[str, object]) -> object:
        collected.append(set(declared))
        return real(host, clock, previous, declared)  # type: ignore[arg-type]

    monkeypatch.setattr(query, "collect_all", spied)
    asked("1 + 1", tmp_path)
    asked("traits.os is defined and traits.nothing is undefined", tmp_path)
    asked("traits | length > 0", tmp_path)
    assert collected[:2] == [set(), {"os"}]
    assert len(collected[2]) > 30


@pytest.mark.parametrize(
    "expression", ["traits.os.nothing", "nothing", "1 / 0", "range(100000000) | length", "'x'.y()"]
)
def test_what_cannot_be_answered_is_told(expression: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="cannot be answered here"):
        asked(expression, tmp_path)


def test_an_answer_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="ask for less"):
        asked(f"range({HEAD_BYTES // 2}) | list", tmp_path)


def test_an_answer_has_no_more_rows_than_asked_for(tmp_path: Path) -> None:
    assert asked("[1, 2, 3]", tmp_path, rows=3) == [1, 2, 3]
    assert asked("'1234'", tmp_path, rows=3) == "1234"
    with pytest.raises(TooLargeError, match="at most 2 rows, found 3"):
        asked("{'a': 1, 'b': 2, 'c': 3}", tmp_path, rows=2)


def test_programs_of_the_machine_are_run_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "etc/vigo/traits.d"
    folder.mkdir(parents=True)
    (folder / "rack.json").write_text('{"row": 7}')
    assert asked("traits.custom.rack.row", tmp_path) == 7
