from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.octal_escapes import escaped, unescaped

TEXTS = st.lists(st.sampled_from(["\\040", "\\", "0", " ", "#", "\t", "\n", "é"])).map("".join) | st.binary().map(
    lambda content: content.decode(errors="surrogateescape")
)


@given(TEXTS)
def test_an_escaped_text_is_one_word_and_is_read_back(text: str) -> None:
    assert not set(" \t\n\r#") & set(escaped(text))
    assert unescaped(escaped(text)) == text


@given(st.text(st.sampled_from("\\0123456789ab")))
def test_any_word_is_read_without_an_error(word: str) -> None:
    unescaped(word)


def test_the_escapes_of_fstab_are_known() -> None:
    assert unescaped(r"/srv/my\040data\134\011x\400\04") == "/srv/my data\\\tx\\400\\04"
