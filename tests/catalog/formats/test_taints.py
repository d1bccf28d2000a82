from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.taints import kernel_taints, module_taints

LETTERS = "PFSRMBUDAWCIOELKXTNJ"


def test_the_bits_are_those_of_the_kernels_documents() -> None:
    assert kernel_taints(0) == ()
    assert kernel_taints(1 | 1 << 12 | 1 << 13) == ("proprietary_module", "out_of_tree_module", "unsigned_module")
    assert kernel_taints(1 << 7 | 1 << 9) == ("oops", "warning")
    assert kernel_taints(1 << 31) == ("bit_31",)


def test_a_letter_and_its_bit_have_one_name() -> None:
    assert {module_taints(letter) for letter in LETTERS} == {kernel_taints(1 << bit) for bit in range(len(LETTERS))}
    assert module_taints("POE") == ("out_of_tree_module", "proprietary_module", "unsigned_module")


@given(st.integers(0, 10**18))
def test_every_bit_is_told_once(number: int) -> None:
    assert len(set(kernel_taints(number))) == number.bit_count()


@given(st.text())
def test_any_letters_are_taken(letters: str) -> None:
    assert list(module_taints(letters)) == sorted(set(module_taints(letters)))
