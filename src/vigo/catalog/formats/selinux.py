"""SELinux's settings for the next boot. Pure: text in, values out. Source: selinux(8), selinux_config(5)."""

import re

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

_MODES = ("enforcing", "permissive", "disabled")
_KERNEL_OPTIONS = frozenset({"selinux", "enforcing", "security", "lsm"})
_MODE, _POLICY = "SELINUX=", "SELINUXTYPE="
_LONGEST = 100
_CONTEXT = re.compile(r"[A-Za-z0-9_]{1,100}(:[A-Za-z0-9_.]{1,100}){2}(:[A-Za-z0-9_.,:-]{1,1000})?")


class SelinuxConfig(msgspec.Struct, frozen=True):
    """The mode that a boot takes, and the policy it loads; empty where the file does not say."""

    mode: str = ""
    policy: str = ""


def parse_selinux_config(text: str) -> SelinuxConfig:
    """Return what the file sets for a boot.

    It is read as libselinux does: the mode is told by the first line that begins with `SELINUX=` in capitals and goes
    on with one, whatever stands behind it; the policy by the last line that names one, in any case.
    """
    mode = policy = ""
    for line in text.split("\n"):
        if not mode and line.startswith(_MODE):
            value = line.removeprefix(_MODE).lstrip().lower()
            mode = next((one for one in _MODES if value.startswith(one)), "")
        setting = line.strip()
        if setting[: len(_POLICY)].upper() == _POLICY:
            policy = setting[len(_POLICY) :].strip() or policy
    return SelinuxConfig(mode, policy[:_LONGEST])


def check_context(field: str, text: str) -> None:
    """Accept a context as user:role:type or user:role:type:level; whether a policy knows it is not said.

    Raises:
        InvalidError: it is none.
    """
    if not _CONTEXT.fullmatch(text):
        raise InvalidError(
            f"{field}: expected a context such as system_u:object_r:etc_t:s0, found {shown(text)}; `ls -Z` prints those"
            " of files"
        )


def selinux_kernel_options(command_line: str) -> tuple[str, ...]:
    """Return the words of a kernel's command line that overrule the file: `selinux=0`, `lsm=` and the like."""
    return tuple(
        word[:_LONGEST]
        for word in command_line.split()
        if "=" in word and word.partition("=")[0].lower() in _KERNEL_OPTIONS
    )[:10]
