"""What the stacks declare, whatever is wrong with them.

Of a file that cannot be read just now it is what the file said when it could be.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from vigo.core.plan import Origin
from vigo.policy.cache import Cache
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import Stacks, read_stacks
from vigo.policy.explained_variables import place_of
from vigo.policy.sources import Sources
from vigo.policy.study import Study
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Scalar, UnreadableError, parse_tree

_READ: Final = (".vgo", ".yaml", ".yml", ".json")
_DATA_FOLDERS: Final = ("templates/", "files/")


class DeclaredResource(NamedTuple):
    """A resource as written: its name, kind and place."""

    configcrate: str
    name: str
    kind: str
    origin: Origin

    @property
    def id(self) -> str:
        """What other configcrates call it."""
        return f"{self.configcrate}/{self.name}"


class Setting(NamedTuple):
    """What one part of the stacks says of a variable."""

    by: str
    value: Any
    origin: Origin


class Known(msgspec.Struct, frozen=True):
    """What the stacks declare. `study` is of the last state without errors, which `is_current` says to be this one."""

    stacks: Stacks
    files: tuple[str, ...]
    study: Study | None = None
    is_current: bool = False

    def resources(self) -> Iterator[DeclaredResource]:
        """Yield every resource, configcrate by configcrate."""
        for crate in self.stacks.configcrates.values():
            yield from (resource_in(crate.name.text, one) for one in crate.resources)

    def configcrate_in(self, file: str) -> str | None:
        """Return the name of the configcrate that a file holds, or None."""
        crates = self.stacks.configcrates.values()
        return next((crate.name.text for crate in crates if crate.name.origin.file == file), None)

    def configcrates_with(self, source: str) -> tuple[str, ...]:
        """Return the configcrates of which a resource takes a file of the stacks."""
        found = (
            crate.name.text
            for crate in self.stacks.configcrates.values()
            for resource in crate.resources
            for entry in resource.entries.values()
            if isinstance(entry.value, Scalar) and entry.value.text == source
        )
        return tuple(dict.fromkeys(found))

    def layers(self, configcrates: tuple[str, ...]) -> tuple[Layer, ...]:
        """Return the layers of variables that some configcrates may see, from the strongest to the weakest.

        Which of them a machine has, its entry decides.
        """
        stacks = self.stacks
        inherited = sorted(stacks.inherited.values(), key=lambda one: one.directory.count("/") + bool(one.directory))
        weakest_first = [
            *(stacks.configcrates[name].layers for name in configcrates if name in stacks.configcrates),
            *(one.layers for one in stacks.roles.values()),
            *(one.layers for one in inherited),
            *(one.layers for one in stacks.entries),
            *(one.layers for one in stacks.environments.values()),
        ]
        return tuple(layer for layers in reversed(weakest_first) for layer in reversed(layers))


class Reader:
    """Reads the same stacks again and again, while they are edited."""

    def __init__(self) -> None:
        self._good: dict[str, bytes] = {}
        self._study: Study | None = None
        self._cache = Cache()

    def read(self, sources: Sources, study: Study | None) -> Known:
        """Return what the stacks declare; `study` is there where they have no errors."""
        if study is not None:
            self._good = dict(sources.files)
            self._study = study
            return Known(study.stacks, tuple(sources.files), study, is_current=True)
        self._good = {
            name: content
            for name in sources.files
            if (content := self._last_good(name, sources.files[name])) is not None
        }
        # Whatever there is to say of the stacks, compiling has said; these findings go nowhere.
        reading = Reading(self._good, Findings(SourceLines(self._good)), self._cache)
        with self._cache.turn():
            return Known(read_stacks(reading), tuple(sources.files), self._study)

    def _last_good(self, name: str, content: bytes) -> bytes | None:
        former = self._good.get(name)
        if content == former or not name.endswith(_READ) or name.startswith(_DATA_FOLDERS):
            return content
        try:
            parse_tree(name, content, Findings(SourceLines({})))
        except UnreadableError:
            return former
        return content


def nothing_known() -> Known:
    """Return what is known before anything was read."""
    return Reader().read(Sources({}), None)


def resource_in(configcrate: str, resource: Mapping) -> DeclaredResource:
    """Return a resource of a configcrate."""
    name, kind = resource.get("name"), resource.get("type")
    return DeclaredResource(
        configcrate,
        name.text if isinstance(name, Scalar) else "",
        kind.text if isinstance(kind, Scalar) else "",
        name.origin if name is not None else resource.origin,
    )


def settings(layers: tuple[Layer, ...], path: tuple[str, ...]) -> Iterator[Setting]:
    """Yield what each of some layers says of a variable, in their order; of a map around it only what it is."""
    for layer in layers:
        place = place_of(layer, path)
        if place is not None:
            yield Setting(layer.label, _reached(layer.values, path), place)


def _reached(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    """Return the value at a path, or what is no map on the way."""
    value: Any = values
    for name in path:
        value = value.get(name) if isinstance(value, dict) else value
    return value


def members(layers: tuple[Layer, ...], path: tuple[str, ...]) -> dict[str, Setting]:
    """Return the variables right below a path, each as the first of the layers that has it says."""
    found: dict[str, Setting] = {}
    for layer in layers:
        is_there = not path or place_of(layer, path) is not None
        value = _reached(layer.values, path) if is_there else None
        if isinstance(value, dict):
            for name, inside in value.items():
                origin = place_of(layer, (*path, name)) or layer.tree.origin
                found.setdefault(name, Setting(layer.label, inside, origin))
    return found
