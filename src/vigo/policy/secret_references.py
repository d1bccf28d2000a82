"""Values of the stacks that only refer to a secret, as `secret:PATH` or `secret:PATH#field`: where each one stands."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from vigo.core.plan import Origin
from vigo.core.secret_marker import PREFIX, is_reference
from vigo.policy.documents.reading import Reading
from vigo.policy.options import OPTIONS
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

_SUFFIXES: Final = (".vgo", ".yaml", ".yml", ".json")
# In quotes it is an expression's own text, which is how such a text is written on purpose.
_INSIDE: Final = re.compile(r"(?<![\w'\"])secret:[A-Za-z0-9_][\w./-]*(#[\w.-]+)?")
_VARIABLES: Final = "vars"
_DEEPEST_VARIABLES: Final = 3  # roles.NAME.vars
_WITH_FIELDS: Final = ("resources", "defaults", "foreach")
_NO_FIELDS: Final = frozenset({*OPTIONS, "name", "type"} - {"foreach"})
_NO_VALUES: Final = ("templates/", "files/", "tests/")


class SecretReference(NamedTuple):
    """A reference as written, and the keys that lead to it in its file."""

    text: str
    keys: str
    origin: Origin

    @property
    def may_stand_there(self) -> bool:
        """Whether it is a variable or a field of a resource; data files hold nothing but variables."""
        names = self.keys.split(".")
        if not self.origin.file.endswith(".vgo") or _VARIABLES in names[:_DEEPEST_VARIABLES]:
            return True
        return names[0] in _WITH_FIELDS and (names[0] == "foreach" or (len(names) > 1 and names[1] not in _NO_FIELDS))

    def is_called(self, name: str) -> bool:
        """Return whether a name is this reference, or that of the whole secret of which it takes a field."""
        return name in (self.text, self.text.partition("#")[0])


def secret_references(reading: Reading) -> Iterator[SecretReference]:
    """Yield every reference to a secret in the documents and data files of the stacks."""
    return (one for one in _texts(reading) if is_reference(one.text))


def references_in_texts(reading: Reading) -> Iterator[SecretReference]:
    """Yield what looks like a reference inside of other text, where it is none; `text` is that part alone."""
    for one in _texts(reading):
        found = None if is_reference(one.text) else _INSIDE.search(one.text)
        if found is not None and one.may_stand_there:
            yield one._replace(text=found[0])


def _texts(reading: Reading) -> Iterator[SecretReference]:
    for file in sorted(reading.files):
        if file.endswith(_SUFFIXES) and not file.startswith(_NO_VALUES):
            tree = reading.tree(file)
            if tree is not None:
                yield from _in(tree, ())


def _in(node: Node, keys: tuple[str, ...]) -> Iterator[SecretReference]:
    if isinstance(node, Scalar):
        if PREFIX in node.text:
            yield SecretReference(node.text, ".".join(keys), node.origin)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _in(item, keys)
    elif isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from _in(entry.value, (*keys, entry.key.text))
