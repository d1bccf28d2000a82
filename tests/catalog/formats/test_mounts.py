from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.mounts import MountedFilesystem, Occupancy, parse_df, parse_mounts

PATHS = st.text(st.sampled_from("ab \t\n\\é"), min_size=1, max_size=8).map(lambda name: f"/{name}")
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)


def _escaped(text: str) -> str:
    return "".join(f"\\{ord(one):03o}" if one in " \t\n\\" else one for one in text)


@given(st.lists(st.builds(MountedFilesystem, PATHS, PATHS, NAMES, st.lists(NAMES, min_size=1, max_size=3).map(tuple))))
def test_the_kernels_table_is_read_back(mounts: list[MountedFilesystem]) -> None:
    lines = (f"{_escaped(one.device)} {_escaped(one.path)} {one.type} {','.join(one.options)} 0 0\n" for one in mounts)
    assert parse_mounts("".join(lines)) == tuple(mounts)


@given(st.text() | st.text(st.sampled_from("0123456789% /a\n\\-"), max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_mounts(text)
    assert all(0 <= row.used_percent <= 100 for row in parse_df(text))


def test_the_table_of_df_is_read_in_any_language_and_with_blanks_in_names() -> None:
    text = (
        "Dateisystem 1024-Blöcke Benutzt Verfügbar Kapazität Eingehängt auf\n"
        "/dev/sda1 100 60 20 75% /\n//nas/a b 10 0 0 - /mnt/a b\ntmpfs x y z 1% /run\n/dev/sdb 10 -5 15 1% /bad\n"
    )
    assert parse_df(text) == (Occupancy("/", 102_400, 75), Occupancy("/mnt/a b", 10_240, 0))
