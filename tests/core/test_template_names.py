import pytest

from vigo.core.template_names import ABSENT, taken_in, texts_in

VALUES = {"os": {"family": "debian", "ids": [1, 2], "items": {}}, "none": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("os.family", "debian"),
        ("os.family.upper", "debian"),
        ("os.ids", [1, 2]),
        ("os.ids.0", [1, 2]),
        ("os.keys", VALUES["os"]),
        ("os.items", VALUES["os"]),
        ("none", None),
        ("none.x", None),
    ],
)
def test_a_name_stands_for_a_value(name: str, value: object) -> None:
    assert taken_in(VALUES, name.split(".")) == [value]


@pytest.mark.parametrize("name", ["os.name", "ram", "os.name.x"])
def test_a_name_that_leads_nowhere_stands_for_nothing(name: str) -> None:
    assert taken_in(VALUES, name.split(".")) == ABSENT


def test_every_text_of_a_value_is_found() -> None:
    assert list(texts_in(["a", {"b": ("c", 1)}, None])) == ["a", "b", "c"]
