"""Every bomb: stacks that are small and would make a careless compiler work without end, or take all memory.

A bomb is a public function of one of these modules. It takes a size, and at FULL_SIZE it is about as bad as the limits
of the language let it be. What it returns is one folder of stacks, or several that are tried one by one.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Final

from tools.fuzzing.bombs import of_resources, of_templates, of_text
from tools.fuzzing.bombs.stacks import Files, entries

FULL_SIZE: Final = 1_000
EVERYONE: Final = entries([{"match": "*", "configcrates": ["web"]}])


def bombs(size: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield each bomb by its name, as stacks in which everybody gets its configcrate."""
    for name, make in _functions().items():
        made = make(size)
        for number, files in enumerate(made if isinstance(made, list) else [made]):
            whole = {"envoys.vgo": EVERYONE, **files}
            stacks = {file: text.encode() if isinstance(text, str) else text for file, text in whole.items()}
            yield f"{name} {number}" if isinstance(made, list) else name, stacks


def _functions() -> Mapping[str, Callable[[int], Files | list[Files]]]:
    modules: tuple[ModuleType, ...] = (of_text, of_templates, of_resources)
    return {
        f"{module.__name__.rpartition('.')[2].removeprefix('of_')}: {name.replace('_', ' ')}": function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    }
