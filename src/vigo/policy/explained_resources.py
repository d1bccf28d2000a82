"""Why a machine gets a resource as it is: where each field comes from, what it waits for, and which values it uses."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Origin, PlannedResource
from vigo.core.templates import is_template
from vigo.policy.explained_variables import ExplainedVariable, explained
from vigo.policy.explaining import HostTrace
from vigo.policy.fields import fields_of
from vigo.policy.loops import items_of, templates_in, turns_of
from vigo.policy.options import Relation
from vigo.policy.resources import Stamped
from vigo.policy.yaml_tree import Entry, Mapping, Node, Scalar

GivenBy = Literal["resource", "defaults", "name"]

_SHORTER: Final = -1


class ExplainedField(msgspec.Struct, frozen=True):
    """A field's final value, or the template that the machine renders.

    `file` is the one of the stacks that its content comes from; `written` is the template that the compiler rendered.
    """

    name: str
    value: Any
    is_rendered_on_machine: bool
    given_by: GivenBy
    origin: Origin
    file: str | None
    written: Any


class ExplainedLoop(msgspec.Struct, frozen=True):
    """The `foreach` that stamped a resource, and its `item` (and `key`) this time."""

    origin: Origin
    locals: dict[str, Any]


class ExplainedRelation(msgspec.Struct, frozen=True):
    """What the stacks say of two resources, or of two configcrates, and where."""

    one: str
    relation: Relation
    other: str
    origin: Origin


class ExplainedResource(msgspec.Struct, frozen=True):
    """A resource of one machine; `planned` is what its agent gets."""

    planned: PlannedResource
    fields: tuple[ExplainedField, ...]
    foreach: ExplainedLoop | None
    conditions: tuple[Condition, ...]
    relations: tuple[ExplainedRelation, ...]
    variables: tuple[ExplainedVariable, ...]


def explained_resource(trace: HostTrace, name: str) -> ExplainedResource | None:
    """Return why a machine gets a resource, `CONFIGCRATE/NAME`, as it is; None where it gets no such resource."""
    planned = next((one for one in trace.study.plan(trace.index).resources if one.id == name), None)
    everything = trace.study.stamped(trace.index)
    stamped = next((one for one in everything if one.id == name), None)
    if planned is None or stamped is None:
        return None
    one = _Explainer(trace, stamped, everything)
    return ExplainedResource(
        planned=planned,
        fields=tuple(one.fields()),
        foreach=one.loop,
        conditions=planned.conditions,
        relations=tuple(one.relations()),
        variables=tuple(one.variables()),
    )


def resource_names(trace: HostTrace) -> list[str]:
    """Return the names of all resources of a machine, in their order."""
    return [str(one.id) for one in trace.study.plan(trace.index).resources]


class _Explainer:
    def __init__(self, trace: HostTrace, resource: Stamped, everything: list[Stamped]) -> None:
        self._study = trace.study
        self._assignment = trace.assignment
        self._resource = resource
        self._everything = everything
        self._declaration = resource.declaration
        self._source = self._study.stacks.configcrates[resource.crate]
        self._layers = self._study.layers(self._assignment, resource.crate)
        self._values = self._assignment.variables_of(self._source.layers)
        self._written = next(one for one in self._source.resources if one.origin == self._declaration.origin)
        self.loop = self._loop()

    def fields(self) -> Iterator[ExplainedField]:
        """Yield the fields in the order of the kind's schema."""
        kind = self._declaration.kind
        final = self._resource.fields | self._resource.templates
        for name in fields_of(kind) if kind is not None else ():
            if name in final:
                yield self._field(name, final[name])

    def relations(self) -> Iterator[ExplainedRelation]:
        """Yield what this resource says of others, what others say of it, and what its configcrate has to do with."""
        mine = self._resource.id
        ids = {one.id for one in self._everything}
        for one in self._everything:
            for reference in one.references:
                local = ResourceId(f"{one.crate}/{reference.name}")
                other = local if local in ids else ResourceId(reference.name)
                if mine in (one.id, other):
                    yield ExplainedRelation(str(one.id), reference.relation, str(other), reference.origin)
        for name in self._assignment.crates:
            crate = self._study.stacks.configcrates[name]
            given: list[tuple[Relation, Scalar]] = [("depends_on", one) for one in crate.depends_on]
            given += [("before", one) for one in crate.before]
            for relation, written in given:
                if self._resource.crate in (name, written.text) and written.text in self._assignment.crates:
                    yield ExplainedRelation(name, relation, written.text, written.origin)

    def variables(self) -> Iterator[ExplainedVariable]:
        """Yield the variables that its templates and conditions use, by name."""
        for path in sorted(self._paths()):
            # The engine calls a list's or text's methods like keys; what has the value is before such a name.
            shorter = [path[:length] for length in range(len(path), 0, _SHORTER)]
            found = next((one for part in shorter if (one := explained(self._layers, part)).is_set), None)
            if found is not None:
                yield msgspec.structs.replace(found, configcrates=(self._resource.crate,))

    def _paths(self) -> set[tuple[str, ...]]:
        book = self._study.compilation.book
        parsed = [book.template(text.text) for one in self._declaration.templated for text in one.texts]
        parsed += [book.condition(one.expression) for one in self._resource.conditions]
        loops = (self._declaration.foreach, self._source.foreach)
        texts = [self._declaration.name.text, *(text.text for one in loops for text in templates_in(one))]
        parsed += [book.template(one) for one in texts if is_template(one)]
        names = {name for one in parsed for name in one.names}
        return {tuple(name.split(".")[1:]) for name in names if name.startswith("vars.")}

    def _field(self, name: str, value: Any) -> ExplainedField:
        naming = self._naming_field(name)
        entry, given_by = self._given(name if naming is None else naming)
        templated = next((one for one in self._declaration.templated if one.field.name == name), None)
        is_inline = templated is not None and all(one.scalar is not None for one in templated.texts)
        return ExplainedField(
            name=name,
            value=value,
            is_rendered_on_machine=name in self._resource.templates,
            given_by=given_by,
            origin=self._declaration.name.origin if entry is None else entry.value.origin,
            file=None if entry is None or naming is None else self._rendered(entry.value),
            written=templated.source if templated is not None and is_inline else None,
        )

    def _naming_field(self, name: str) -> str | None:
        """Return the field that names the file that a field's content comes from, where there is one."""
        kind = self._declaration.kind
        for field in fields_of(kind).values() if kind is not None else ():
            takes = (field.content_field, f"{field.content_field}_base64")
            if field.content_field is not None and name in takes and self._given(name)[0] is None:
                return field.name
        return None

    def _given(self, name: str) -> tuple[Entry | None, GivenBy]:
        defaults = self._source.defaults or Mapping({}, self._source.name.origin)
        if name in self._written.entries and name != "name":
            return self._written.entries[name], "resource"
        return (defaults.entries[name], "defaults") if name in defaults.entries else (None, "name")

    def _rendered(self, node: Node) -> str:
        text = node.text if isinstance(node, Scalar) else ""
        context = {"vars": self._values, **(self.loop.locals if self.loop is not None else {})}
        return self._study.compilation.book.render(text, context) if is_template(text) else text

    def _loop(self) -> ExplainedLoop | None:
        node = self._declaration.foreach or self._source.foreach
        if node is None:
            return None
        compilation = self._study.compilation
        turns = turns_of(items_of(compilation, node, self._values)) or []
        siblings = [one.id for one in self._everything if one.declaration is self._declaration]
        return ExplainedLoop(node.origin, turns[siblings.index(self._resource.id)])
