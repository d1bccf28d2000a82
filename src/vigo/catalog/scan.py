"""Finding the kinds and collectors by scanning their packages: there is no list to edit when one is added."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

from vigo.catalog import resources, traits
from vigo.catalog.api import Collector, Resource


@cache
def resource_kinds() -> Mapping[str, Resource[Any, Any]]:
    """Return every resource kind by its name. Modules are imported at the first call."""
    found: dict[str, Resource[Any, Any]] = {}
    for module in _modules(resources):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Resource) and value.__module__ == module.__name__:
                found[value.kind] = value()
    return MappingProxyType(dict(sorted(found.items())))


@cache
def collectors() -> Mapping[str, Collector]:
    """Return every trait collector by the name of its set."""
    found = {
        value.name: value
        for module in _modules(traits)
        for value in vars(module).values()
        if isinstance(value, Collector)
    }
    return MappingProxyType(dict(sorted(found.items())))


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not info.ispkg:
            yield importlib.import_module(info.name)
