from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.udev_records import parse_udev_record, udev_text


def _encoded(text: str) -> str:
    plain = "".join(chr(code) for code in range(33, 127) if chr(code) != "\\")
    return "".join(chr(byte) if chr(byte) in plain else f"\\x{byte:02x}" for byte in text.encode())


def test_properties_are_told_and_links_and_tags_are_not() -> None:
    text = "S:disk/by-uuid/1\nI:123\nE:ID_FS_TYPE=ext4\nE:ID_FS_LABEL_ENC=my\\x20disk\nE:broken\nG:systemd\n"
    assert parse_udev_record(text) == {"ID_FS_TYPE": "ext4", "ID_FS_LABEL_ENC": "my\\x20disk"}


@given(st.text(st.characters(codec="utf-8")))
def test_an_encoded_label_is_read_back(label: str) -> None:
    assert udev_text(_encoded(label)) == label


@given(st.text() | st.text("E:=\\x0123456789abcdefé\n", max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_udev_record(text)) <= text.count("\n") + 1
    assert len(udev_text(text)) <= len(text)
