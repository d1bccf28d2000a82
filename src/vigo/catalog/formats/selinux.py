"""SELinux's settings for the next boot. Pure: text in, values out. Source: selinux(8), /etc/selinux/config."""

from collections.abc import Mapping

import msgspec

_MODES = frozenset({"enforcing", "permissive", "disabled"})
_KERNEL_OPTIONS = frozenset({"selinux", "enforcing", "security"})
_LONGEST = 100


class SelinuxConfig(msgspec.Struct, frozen=True):
    """The mode that a boot takes, and the policy it loads; empty where the file does not say."""

    mode: str = ""
    policy: str = ""


def parse_selinux_config(text: str) -> SelinuxConfig:
    """Return what the file sets; of several lines the last counts, and a mode that there is not is none."""
    found = _assignments(text)
    mode = found.get("SELINUX", "").lower()
    return SelinuxConfig(mode if mode in _MODES else "", found.get("SELINUXTYPE", "")[:_LONGEST])


def selinux_kernel_options(command_line: str) -> tuple[str, ...]:
    """Return the words of a kernel's command line that overrule the file: `selinux=0`, `enforcing=0` and the like."""
    return tuple(
        word[:_LONGEST]
        for word in command_line.split()
        if "=" in word and word.partition("=")[0].lower() in _KERNEL_OPTIONS
    )[:10]


def _assignments(text: str) -> Mapping[str, str]:
    lines = (line.strip() for line in text.split("\n"))
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}
