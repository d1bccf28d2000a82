import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.marked_blocks import Markers, block_in, with_block, without_block
from vigo.core.errors import InvalidError

MARKERS = Markers("# begin", "# end")
LINES = st.lists(st.sampled_from(["a", "", " b", "# other"])).map("\n".join)


@given(LINES, LINES)
def test_a_block_that_was_put_in_is_there_and_the_rest_stays(text: str, block: str) -> None:
    after = with_block(text, MARKERS, block)
    assert (block_in(after, MARKERS) or "").removesuffix("\n") == block.removesuffix("\n")
    assert with_block(after, MARKERS, block) == after
    left = without_block(after, MARKERS)
    assert block_in(left, MARKERS) is None
    assert left.rstrip("\n") == text.rstrip("\n")


@given(st.text(st.sampled_from("# beginad\n")), LINES)
def test_any_text_is_edited_or_refused(text: str, block: str) -> None:
    try:
        assert block_in(with_block(text, MARKERS, block), MARKERS) is not None
    except InvalidError as error:
        assert "marker" in str(error) or "#" in str(error)  # noqa: PT017 - most texts are fine


@pytest.mark.parametrize("text", ["# begin\na\n", "# end\n# begin\n", "# begin\n# end\n# begin\n# end\n"])
def test_markers_that_are_no_pair_are_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        block_in(text, MARKERS)
