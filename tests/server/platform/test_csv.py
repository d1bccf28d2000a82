import csv
import io

import msgspec
import pytest

from vigo.server.platform.web.csv_text import csv_of


class Row(msgspec.Struct):
    name: str
    count: int = 0
    more: dict[str, int] | None = None


def cells(*rows: Row) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(rows, Row.__struct_fields__))))


def test_a_table_has_a_line_of_names_and_its_maps_as_json() -> None:
    assert cells(Row('a,"b"\n', 3, {"x": 1})) == [["name", "count", "more"], ['a,"b"\n', "3", '{"x":1}']]
    assert cells(Row("a"))[1] == ["a", "0", ""]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t"])
def test_15_no_cell_is_a_formula(begin: str) -> None:
    assert cells(Row(f"{begin}cmd|' /C calc'!A0", -1))[1][:2] == [f"'{begin}cmd|' /C calc'!A0", "-1"]
