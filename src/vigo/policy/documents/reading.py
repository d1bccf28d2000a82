"""Reading documents of known shape: what every kind of file needs, with all errors collected."""

import re
from collections.abc import Callable, Hashable, Iterable
from collections.abc import Mapping as Map
from collections.abc import Sequence as Items
from functools import partial
from typing import Any, Final, TypeVar

from vigo.core.errors import InvalidError
from vigo.core.plan import Origin
from vigo.core.secret_marker import is_reference, marker_of
from vigo.policy.cache import Cache, Kept, WatchedFiles
from vigo.policy.diagnostics import Findings, Remark, has_errors
from vigo.policy.scalars import OLD_BOOLEANS, described, is_null, untyped
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence, UnreadableError, parse_tree

_MOST_NAMES_SHOWN: Final = 12
# Where names of a sort are declared, for stacks that have none.
_NONE_YET: Final = {
    "unknown-task": "the stacks declare no tasks yet: declare it in tasks.vgo",
    "unknown-role": "the stacks have no roles yet: declare it in roles.vgo",
    "unknown-environment": "the stacks have no environments yet: declare it in environments.vgo",
    "unknown-configcrate": "the stacks have no configcrates yet: declare it in a file below configcrates/",
}
T = TypeVar("T")

_LOOKS_LIKE_A_TEMPLATE: Final = re.compile(r"\{\{[^}]{0,200}\b(vars|traits)\.")


class Reading:
    """One reading of the stacks: their files, and what was found in them so far.

    `unreadable` are the files without a tree, so that what they would declare is not called unknown as well.
    """

    def __init__(self, files: Map[str, bytes], findings: Findings, cache: Cache | None = None) -> None:
        self.files = WatchedFiles(files)
        self.findings = findings
        self.unreadable: set[str] = set()
        self.cache = Cache() if cache is None else cache
        self._trees: dict[str, Node | None] = {}
        self._values: dict[str, tuple[Any, Items[Remark]]] = {}
        self._flawed: set[str] = set()

    def kept(self, file: str, read: Callable[["Reading", str], T]) -> T:
        """Return what reading a file gives, as `kept_for`."""
        return self.kept_for((read, file, self.files[file]), partial(read, self, file))

    def kept_for(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return a result, from a former compilation where none of the files that it depends on has changed.

        What was found then is recorded again. What has errors is made anew each time.
        """
        found = self.cache.find(key, self.files)
        if found is not None:
            self.findings.say(found.remarks)
            value: T = found.value
            return value
        with self.findings.taped() as remarks, self.files.watched() as looked_at:
            value = read()
        if not has_errors(remarks) and self._flawed.isdisjoint(looked_at):
            self.cache.keep(key, Kept(value, remarks, looked_at))
        return value

    def error(self, place: Origin, code: str, message: str, hint: str | None = None) -> None:
        """Record an error."""
        self.findings.error(place, code, message, hint=hint)

    def tree(self, file: str) -> Node | None:
        """Return a file's tree; None where it is empty or, with an error, cannot be read."""
        content = self.files[file]  # asked for each time, so that whoever watches learns of it
        if file not in self._trees:
            self._trees[file] = None
            with self.findings.taped() as remarks:
                try:
                    self._trees[file] = parse_tree(file, content, self.findings)
                except UnreadableError:
                    self.unreadable.add(file)
            if remarks:
                # They are told once, by whoever reads the file first; nobody else may keep what it makes of it.
                self._flawed.add(file)
        return self._trees[file]

    def document(self, file: str, what: str, keys: Iterable[str]) -> Mapping | None:
        """Return a file's map with known keys only, or None for an empty or unreadable file."""
        tree = self.tree(file)
        return None if tree is None else self.mapping(tree, what, keys)

    def mapping(self, node: Node, what: str, keys: Iterable[str] | None = None) -> Mapping | None:
        """Return a map. Keys that are none of `keys` are errors with the nearest valid one; None allows any."""
        if not isinstance(node, Mapping):
            if not is_null(node):
                hint = "write `name: value` without the `- ` before it" if isinstance(node, Sequence) else None
                message = f"{what}: expected a map of `name: value`, found {described(node)}"
                self.error(node.origin, "type", message, hint)
            return None
        if keys is not None:
            valid = list(keys)
            for entry in node.entries.values():
                if entry.key.text not in valid:
                    self.unknown(entry.key, f"{what}: no key has the name", valid)
        return node

    def unknown(
        self,
        name: Scalar,
        message: str,
        valid: Iterable[str],
        code: str = "unknown-key",
        *,
        most_likely: Iterable[str] = (),
    ) -> None:
        """Record that a name is none of the valid ones. The most likely ones are shown first, in their order."""
        if self.findings.is_full:
            self.error(name.origin, code, f"{message} {name.text!r}")
            return
        names = list(dict.fromkeys([*most_likely, *sorted(valid)]))
        shown = ", ".join(names[:_MOST_NAMES_SHOWN]) + (", ..." if len(names) > _MOST_NAMES_SHOWN else "")
        hint = f"one of: {shown}" if names else _NONE_YET.get(code)
        self.error(name.origin, code, f"{message} {name.text!r}{self.findings.did_you_mean(name.text, names)}", hint)

    def text(self, node: Node | None, what: str) -> Scalar | None:
        """Return a single text that is not empty; None where it is missing or, with an error, something else."""
        if node is None:
            return None
        if not isinstance(node, Scalar) or not node.text.strip() or is_null(node):
            self.error(node.origin, "type", f"{what}: expected a text, found {described(node)}")
            return None
        return node

    def texts(self, node: Node | None, what: str) -> tuple[Scalar, ...]:
        """Return a list of texts; a single one counts as a list of one."""
        if node is None or is_null(node):
            return ()
        if isinstance(node, Scalar):
            return (node,)
        if not isinstance(node, Sequence):
            self.error(node.origin, "type", f"{what}: expected a list of names, found {described(node)}")
            return ()
        found = [self.text(item, what) for item in node.items]
        return tuple(item for item in found if item is not None)

    def layer(self, label: str, document: Mapping) -> tuple[Layer, ...]:
        """Return the variables that a document sets: those of the files in `vars_from`, then `vars` itself."""
        layers = []
        for name in self.texts(document.get("vars_from"), "vars_from"):
            tree = self._data(name)
            if tree is not None:
                layers.append(Layer(f"{label}, {name.text}", self._values_of(name.text, tree), tree))
        given = document.get("vars")
        variables = None if given is None else self.mapping(given, "vars")
        if variables is not None:
            layers.append(Layer(label, self.plain(variables), variables))
        return tuple(layers)

    def plain(self, node: Node, *, is_rendered: bool = False) -> Any:
        """Return the untyped value of a tree, by the core schema of YAML 1.2.

        It is data, unless somebody renders it: what looks like a template in it stays as it is, and `no` is a text.
        Both are worth a warning. A reference to a secret becomes its marker.
        """
        if isinstance(node, Sequence):
            return [self.plain(item, is_rendered=is_rendered) for item in node.items]
        if isinstance(node, Mapping):
            entries = node.entries.items()
            return {name: self.plain(entry.value, is_rendered=is_rendered) for name, entry in entries}
        if is_reference(node.text):
            try:
                return marker_of(node.text)
            except InvalidError as error:
                self.error(node.origin, "secret", str(error))
                return None
        if not is_rendered and _LOOKS_LIKE_A_TEMPLATE.search(node.text):
            message = "this is data and put in as it stands: a template in a variable is not rendered"
            hint = "write the template into the field that uses it"
            self.findings.warning(node.origin, "not-rendered", message, hint=hint)
        if node.style == "plain" and node.text.lower() in OLD_BOOLEANS:
            message = f"`{node.text}` is a text here, as in YAML 1.2, and a condition takes it for true"
            self.findings.warning(node.origin, "not-boolean", message, hint="write true or false, or quote the text")
        try:
            return untyped(node)
        except InvalidError as error:
            self.error(node.origin, "type", str(error))
            return None

    def _values_of(self, file: str, tree: Mapping) -> Any:
        """Return what a data file holds, the same object for all who take it; what was found is recorded for each."""
        known = self._values.get(file)
        if known is None:
            with self.findings.taped() as remarks:
                known = self._values[file] = (self.plain(tree), remarks)
        else:
            self.findings.say(known[1])
        return known[0]

    def _data(self, name: Scalar) -> Mapping | None:
        if name.text not in self.files:
            suffixes = (".yaml", ".yml", ".json")
            self.unknown(name, "vars_from: the stacks have no file", (f for f in self.files if f.endswith(suffixes)))
            return None
        tree = self.tree(name.text)
        return None if tree is None else self.mapping(tree, name.text)
