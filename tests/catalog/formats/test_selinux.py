import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.selinux import SelinuxConfig, parse_selinux_config, selinux_kernel_options

RED_HAT = """
# This file controls the state of SELinux on the system.
# SELINUX= can take one of these three values:
#     enforcing - SELinux security policy is enforced.
# SELINUX=disabled
SELINUX=enforcing
# SELINUXTYPE= can take one of these three values:
SELINUXTYPE=targeted
"""
LINES = st.text(st.sampled_from("SELINUXTYPE=enforcing# \n\t"), max_size=200)


def test_what_the_file_of_red_hat_sets_is_told() -> None:
    assert parse_selinux_config(RED_HAT) == SelinuxConfig("enforcing", "targeted")


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("SELINUX=permissive\nSELINUX=enforcing\n", "permissive"),
        ("SELINUX=on\nSELINUX=enforcing\n", "enforcing"),
        ("SELINUX= Enforcing  # for now\r\n", "enforcing"),
        (" SELINUX=enforcing\nSELINUX =enforcing\nselinux=enforcing\n#SELINUX=enforcing\n", ""),
    ],
)
def test_the_first_line_with_a_mode_counts_as_libselinux_reads_it(text: str, mode: str) -> None:
    assert parse_selinux_config(text).mode == mode


def test_the_last_line_with_a_policy_counts() -> None:
    text = "SELINUXTYPE=targeted\n  selinuxtype= mls \n# SELINUXTYPE=minimum\nSELINUXTYPE=\n"
    assert parse_selinux_config(text).policy == "mls"


def test_a_mode_that_there_is_not_is_none() -> None:
    assert parse_selinux_config("SELINUX=on\n") == SelinuxConfig()


def test_the_words_of_the_command_line_that_overrule_it_are_told() -> None:
    line = "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro security=selinux selinux=1 enforcing=0 lsm=yama,bpf quiet\n"
    assert selinux_kernel_options(line) == ("security=selinux", "selinux=1", "enforcing=0", "lsm=yama,bpf")


@given(st.text() | LINES)
def test_any_text_is_read_and_stays_bounded(text: str) -> None:
    found = parse_selinux_config(text)
    assert found.mode in ("", "enforcing", "permissive", "disabled")
    assert len(found.policy) <= 100
    assert len(selinux_kernel_options(text)) <= 10
