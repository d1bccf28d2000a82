from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.kernel_limits import DescriptorUse, parse_counter, parse_descriptor_use, parse_tasks

NUMBERS = st.integers(0, 10**17)


@given(NUMBERS, NUMBERS)
def test_the_use_of_descriptors_is_read_back(used: int, most: int) -> None:
    assert parse_descriptor_use(f"{used}\t0\t{most}\n") == DescriptorUse(used, most)


def test_a_limit_that_systemd_lifted_is_none() -> None:
    assert parse_descriptor_use("1312\t0\t9223372036854775807\n") == DescriptorUse(1312, None)


def test_what_an_old_kernel_keeps_unused_is_not_used() -> None:
    assert parse_descriptor_use("1000\t400\t5000\n") == DescriptorUse(600, 5000)


@given(NUMBERS)
def test_tasks_are_all_and_not_those_that_run(tasks: int) -> None:
    assert parse_tasks(f"0.03 0.60 0.71 1/{tasks} 27747\n") == tasks


@given(NUMBERS)
def test_a_counter_is_found_by_its_whole_name(number: int) -> None:
    text = f"nr_oom_kill 5\noom_kill {number}\noom_kill_other 6\n"
    assert parse_counter(text, "oom_kill") == number
    assert parse_counter(text, "oom") is None


@given(st.text() | st.text("0123456789./ \t\n", max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_descriptor_use(text)
    parse_tasks(text)
    parse_counter(text, "oom_kill")
