from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.package_origins import parse_extended_states


def test_what_came_along_is_told_from_what_was_asked_for() -> None:
    text = (
        "Package: libc6\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        "Package: curl\nArchitecture: amd64\nAuto-Installed: 0\n\n"
        "Package: zlib1g\nAuto-Installed: 1"
    )
    assert parse_extended_states(text) == {"libc6", "zlib1g"}
    assert parse_extended_states("") == frozenset()


@given(st.text())
def test_any_text_gives_names(text: str) -> None:
    assert all(isinstance(name, str) for name in parse_extended_states(text))
