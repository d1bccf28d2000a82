import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.container_runtimes import is_container_id, parse_docker_data


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", "/var/lib/docker"),
        ("{}", "/var/lib/docker"),
        ('{"data-root": "/srv/docker/", "log-driver": "journald"}', "/srv/docker"),
        ('{"data-root": "docker"}', None),
        ('{"data-root": 7}', None),
        ("{", None),
        ("[]", None),
    ],
)
def test_dockers_data_is_where_its_settings_say(text: str, folder: str | None) -> None:
    assert parse_docker_data(text) == folder


def test_a_containers_folder_has_its_whole_id() -> None:
    assert is_container_id("0123456789abcdef" * 4)
    assert not is_container_id("0123456789abcdef")
    assert not is_container_id("0123456789ABCDEF" * 4)
    assert not is_container_id("0123456789abcdef" * 4 + "\n")


@given(st.text() | st.text('{}[]":,data-rot/', max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    folder = parse_docker_data(text)
    assert folder is None or folder.startswith("/")
    is_container_id(text)
