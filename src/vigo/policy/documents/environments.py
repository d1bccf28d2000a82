"""`environments.vgo`: what differs between production, test and the like."""

from typing import Final

import msgspec

from vigo.policy.documents.reading import Reading
from vigo.policy.documents.settings import KEYS as SETTINGS
from vigo.policy.documents.settings import Settings, read_settings
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Scalar

FILE: Final = "environments.vgo"
KEYS: Final = ("vars", "vars_from", "configcrates", "exclude", *SETTINGS)


class Environment(msgspec.Struct, frozen=True):
    """An environment as written; `exclude` takes configcrates away wherever they come from."""

    name: Scalar
    layers: tuple[Layer, ...]
    configcrates: tuple[Scalar, ...]
    exclude: tuple[Scalar, ...]
    settings: Settings = Settings()


def read_environments(reading: Reading, file: str) -> tuple[Environment, ...]:
    """Return all environments."""
    document = reading.document(file, "environments", ("environments",))
    given = None if document is None else document.get("environments")
    environments = None if given is None else reading.mapping(given, "environments")
    if environments is None:
        return ()
    found = []
    for entry in environments.entries.values():
        name = entry.key.text
        document = reading.mapping(entry.value, f"environment {name}", KEYS) or Mapping({}, entry.value.origin)
        found.append(
            Environment(
                name=entry.key,
                layers=reading.layer(f"environment {name}", document),
                configcrates=reading.texts(document.get("configcrates"), "configcrates"),
                exclude=reading.texts(document.get("exclude"), "exclude"),
                settings=read_settings(reading, document),
            )
        )
    return tuple(found)
