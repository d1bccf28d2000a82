from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.units import InstallSection, parse_install, parse_properties


def test_only_the_install_section_counts_and_an_empty_value_clears_it() -> None:
    text = (
        "[Unit]\nWantedBy=no.target\n[Install]\n# x\nWantedBy=a.target\nWantedBy=\n"
        "WantedBy=b.target \\\n c.target\nAlias=d.service\n"
    )
    assert parse_install(text) == InstallSection(("b.target", "c.target"), (), ("d.service",))


@given(st.text() | st.text("[Install]\nWantedBy= a.target\\", max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_install(text)
    parse_properties(text)


@given(st.dictionaries(st.from_regex(r"[A-Z][a-z]{0,5}", fullmatch=True), st.text("ab= ", max_size=5)))
def test_printed_properties_are_read_back(properties: dict[str, str]) -> None:
    assert parse_properties("".join(f"{name}={value}\n" for name, value in properties.items())) == properties
