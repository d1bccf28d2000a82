from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.module_table import ModuleRow, parse_module_table

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
ROWS = st.builds(
    ModuleRow,
    st.integers(0, 10**9),
    st.lists(NAMES, unique=True, max_size=3).map(sorted).map(tuple),
    st.text("POEFCX", max_size=3),
)


def line_of(name: str, row: ModuleRow) -> str:
    users = ",".join(row.used_by) + "," if row.used_by else "-"
    taints = f" ({row.taints})" if row.taints else ""
    return f"{name} {row.size_bytes} {len(row.used_by)} {users} Live 0x0000000000000000{taints}\n"


@given(st.dictionaries(NAMES, ROWS))
def test_the_kernels_table_is_read_back(rows: dict[str, ModuleRow]) -> None:
    assert parse_module_table("".join(line_of(name, row) for name, row in rows.items())) == rows


def test_a_module_that_is_just_loaded_has_its_taints_without_the_sign() -> None:
    text = "vbox-drv 4096 0 - Loading 0xffffffffc0000000 (OE+)\n"
    assert parse_module_table(text) == {"vbox_drv": ModuleRow(4096, (), "OE")}


@given(st.text() | st.text("ab 0123456789-,()OE\n", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_module_table(text)
    assert len(found) <= text.count("\n") + 1
    assert all(0 <= row.size_bytes < 10**18 for row in found.values())
