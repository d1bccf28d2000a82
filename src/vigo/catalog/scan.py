"""Finding the kinds and collectors by scanning their packages: there is no list to edit when one is added."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

from vigo.catalog import resources, traits
from vigo.catalog.api import Collector, Resource

T = TypeVar("T")


class OnDemand(Mapping[str, T], Generic[T]):
    """What stands in a package, by its name; a module is imported when what it is named after is asked for.

    A run on a machine needs a few of all kinds, and importing the others would take longer than its work. Going through
    all names imports everything.
    """

    def __init__(self, package: ModuleType, pick: Callable[[ModuleType], Iterable[tuple[str, T]]]) -> None:
        """Take the package, and what gives each thing of one of its modules with its name."""
        self._package = package
        self._pick = pick
        self._known: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            for module_name in self._modules.get(name, ()):
                self._take(module_name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def module_names(self) -> frozenset[str]:
        """The names that there may be, of which a few are modules beside what they are named after."""
        return frozenset(self._modules)

    @cached_property
    def _modules(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in _module_names(self._package):
            last = name.rpartition(".")[2]
            found[last] = (*found.get(last, ()), name)
        return found

    @cached_property
    def _all(self) -> tuple[str, ...]:
        for name in _module_names(self._package):
            self._take(name)
        return tuple(sorted(self._known))

    def _take(self, module_name: str) -> None:
        for name, thing in self._pick(importlib.import_module(module_name)):
            self._known.setdefault(name, thing)


def _kinds_in(module: ModuleType) -> Iterator[tuple[str, Resource[Any, Any]]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Resource) and value.__module__ == module.__name__:
            yield value.kind, value()


def _collectors_in(module: ModuleType) -> Iterator[tuple[str, Collector]]:
    for value in vars(module).values():
        if isinstance(value, Collector):
            yield value.name, value


@cache
def kinds_on_demand() -> OnDemand[Resource[Any, Any]]:
    """Return every resource kind by its name, each imported when it is asked for."""
    return OnDemand(resources, _kinds_in)


@cache
def collectors_on_demand() -> OnDemand[Collector]:
    """Return every trait collector by the name of its set, each imported when it is asked for."""
    return OnDemand(traits, _collectors_in)


@cache
def resource_kinds() -> Mapping[str, Resource[Any, Any]]:
    """Return every resource kind by its name. Modules are imported at the first call."""
    kinds = kinds_on_demand()
    return MappingProxyType({name: kinds[name] for name in kinds})


@cache
def collectors() -> Mapping[str, Collector]:
    """Return every trait collector by the name of its set."""
    found = collectors_on_demand()
    return MappingProxyType({name: found[name] for name in found})


def _module_names(package: ModuleType) -> Iterator[str]:
    """Yield the dotted names of the modules in a package and in the packages in it, without importing one."""
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if info.ispkg:
            yield from _module_names(importlib.import_module(info.name))
        else:
            yield info.name
