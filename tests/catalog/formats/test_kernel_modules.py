from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.kernel_modules import LoadedModule, parse_built_in, parse_modules

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)))
def test_the_kernels_table_is_read_back(given_modules: dict[str, list[str]]) -> None:
    lines = (
        f"{name} 16384 {len(by)} {''.join(f'{one},' for one in by) or '-'} Live 0x0000000000000000 (OE)\n"
        for name, by in given_modules.items()
    )
    wanted = {name: LoadedModule(len(by), tuple(by)) for name, by in given_modules.items()}
    assert parse_modules("".join(lines)) == wanted


@given(st.text() | st.text(st.sampled_from("a1 ,-\n./ko")))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_modules(text)
    assert all("/" not in name and "-" not in name for name in parse_built_in(text))


def test_what_is_built_in_is_known_by_its_name_in_the_kernel() -> None:
    text = "kernel/fs/ext4/ext4.ko\nkernel/net/dns-resolver.ko.xz\nnonsense\n"
    assert parse_built_in(text) == {"ext4", "dns_resolver"}
