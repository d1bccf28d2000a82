"""What tells of the kernel's modules. Pure: text in, values out; a line of another form is passed over."""

import re
from collections.abc import Mapping

import msgspec

from vigo.catalog.formats.numbers import whole_number

_FEWEST_COLUMNS = 4
_BUILT_IN = re.compile(r"^(?:\S*/)?([A-Za-z0-9_-]+)\.ko\S*[ \t]*$", re.MULTILINE)


class LoadedModule(msgspec.Struct, frozen=True):
    """A module that is loaded: by how many it is used, and the modules among them."""

    uses: int = 0
    used_by: tuple[str, ...] = ()


def module_name(text: str) -> str:
    """Return the name as the kernel has it: a hyphen and an underscore are one to it."""
    return text.replace("-", "_")


def parse_modules(text: str) -> Mapping[str, LoadedModule]:
    """Return the modules of /proc/modules by name. Source: proc_modules(5), lsmod(8)."""
    found: dict[str, LoadedModule] = {}
    for line in text.split("\n"):
        words = line.split()
        uses = whole_number(words[2]) if len(words) >= _FEWEST_COLUMNS else None
        if uses is not None:
            others = tuple(name for name in words[3].split(",") if name not in ("", "-"))
            found[module_name(words[0])] = LoadedModule(uses, others)
    return found


def parse_built_in(text: str) -> frozenset[str]:
    """Return the names in /lib/modules/RELEASE/modules.builtin. Source: modules.builtin(5)."""
    return frozenset(module_name(found[1]) for found in _BUILT_IN.finditer(text))
