from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.swaps import SwapUse, parse_swaps

PATHS = st.text(st.sampled_from("ab \t\\"), min_size=1, max_size=8).map(lambda name: f"/{name}")
KILOBYTES = st.integers(0, 10**12).map(lambda number: number * 1024)
HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


@given(
    st.lists(
        st.builds(
            SwapUse, PATHS, st.sampled_from(["partition", "file"]), KILOBYTES, KILOBYTES, st.integers(-32768, 32767)
        )
    )
)
def test_the_kernels_table_is_read_back(areas: list[SwapUse]) -> None:
    escaped = {area: "".join(f"\\{ord(one):03o}" if one in " \t\\" else one for one in area.path) for area in areas}
    rows = (
        f"{escaped[area]:40}{area.type}\t{area.size_bytes // 1024}\t{area.used_bytes // 1024}\t{area.priority}\n"
        for area in areas
    )
    # The kernel puts a blank at least between a long path and the type.
    assert parse_swaps(
        HEADER + "".join(row.replace(area.type, f" {area.type}") for row, area in zip(rows, areas, strict=True))
    ) == tuple(areas)


@given(st.text() | st.text("/a partition\t0123456789-\n", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_swaps(text)) <= text.count("\n") + 1
