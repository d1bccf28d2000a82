"""The kernel's table of modules with their sizes and taints. Pure: text in, values out.

`vigo.catalog.formats.kernel_modules` reads what resources need of the same file.
"""

from collections.abc import Mapping
from typing import NamedTuple

from vigo.catalog.formats.kernel_modules import module_name, parse_modules
from vigo.catalog.formats.numbers import whole_number

_SIZE, _TAINTS = 1, 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ModuleRow(NamedTuple):
    """One module: its memory, the modules that use it, and the letters by which it taints the kernel."""

    size_bytes: int
    used_by: tuple[str, ...]
    taints: str


def parse_module_table(text: str) -> Mapping[str, ModuleRow]:
    """Return the modules of /proc/modules by name. Source: proc_modules(5), and the kernel's m_show for the taints.

    The brackets also hold `+` or `-` for a module that is just being loaded or taken away.
    """
    uses = parse_modules(text)
    found: dict[str, ModuleRow] = {}
    for line in text.split("\n"):
        words = line.split()
        name = module_name(words[0]) if words else ""
        if name not in uses:
            continue
        size = whole_number(words[_SIZE]) if len(words) > _SIZE else None
        brackets = words[_TAINTS] if len(words) > _TAINTS else ""
        is_bracketed = brackets.startswith("(") and brackets.endswith(")")
        taints = "".join(letter for letter in brackets if letter in _LETTERS) if is_bracketed else ""
        found[name] = ModuleRow(size or 0, tuple(sorted(uses[name].used_by)), taints)
    return found
