from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import kernel
from vigo.catalog.formats.kernel import CpuInfo

TEXTS = st.text() | st.text(st.sampled_from("processor btime:kB0123456789 ()\n\t."), max_size=80)
PARSERS = (
    kernel.parse_cpuinfo,
    kernel.parse_sizes,
    kernel.parse_boot_time,
    kernel.parse_uptime,
    kernel.parse_cpu_seconds,
)


@given(TEXTS)
def test_any_text_is_read_without_an_error(text: str) -> None:
    for parse in PARSERS:
        parse(text)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Za-z]{0,8}", fullmatch=True), st.integers(0, 2**50)))
def test_sizes_are_read_back_in_bytes(sizes: dict[str, int]) -> None:
    text = "".join(f"{name}:{kilobytes:>12} kB\n" for name, kilobytes in sizes.items())
    assert kernel.parse_sizes(text + "HugePages_Total: 3\n") == {name: 1024 * size for name, size in sizes.items()}


def test_processors_are_counted_in_the_form_of_each_architecture() -> None:
    x86 = "processor\t: 0\nmodel name\t: A\nflags\t: fpu hypervisor\n\nprocessor\t: 1\nmodel name\t: B\n"
    assert kernel.parse_cpuinfo(x86) == CpuInfo(2, "A", is_guest=True)
    assert kernel.parse_cpuinfo("processor : 0\n\nHardware\t: BCM2835\nModel\t: Pi 4\n") == CpuInfo(1, "Pi 4")
    assert kernel.parse_cpuinfo("# processors : 2\nprocessor 0: v = 1\nprocessor 1: v = 1\n") == CpuInfo(2)
    assert kernel.parse_cpuinfo("cpu\t\t: POWER9\nprocessor\t: 0\n") == CpuInfo(1, "POWER9")


def test_the_name_of_a_process_may_look_like_its_figures() -> None:
    stat = "7 (a) S 1 2 (b)) S 1 7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20"
    assert kernel.parse_cpu_seconds(stat) == 2
    assert kernel.parse_cpu_seconds("7 (a) S 1") is None


def test_the_boot_is_found_among_other_lines() -> None:
    assert kernel.parse_boot_time("cpu 1 2\nbtime 123\nprocesses 4\n") == 123
    assert kernel.parse_boot_time("xbtime 123\n") is None
    assert kernel.parse_uptime("90.55 1.0\n") == 90
    assert kernel.parse_uptime("x\n") is None
