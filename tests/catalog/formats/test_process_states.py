from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.process_states import ProcessState, parse_process_state

NAMES = st.text("ab ()\n/0", max_size=15)
STATES = st.builds(
    ProcessState, NAMES, st.sampled_from("RSDTtZIXW"), st.integers(0, 4_194_304), st.integers(0, 100_000)
)


@given(STATES)
def test_the_kernels_line_is_read_back_whatever_the_name(state: ProcessState) -> None:
    line = (
        f"7 ({state.name}) {state.state} {state.parent} 7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 {state.threads} 0 5\n"
    )
    assert parse_process_state(line) == state


def test_threads_of_the_kernel_are_those_of_its_second_process() -> None:
    assert ProcessState("kworker/0:0", "I", 2, 1).is_kernel
    assert not ProcessState("systemd", "S", 0, 1).is_kernel


@given(st.text() | st.text("7 ()RSZ0-\n", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_process_state(text)
    assert found is None or len(found.state) == 1
