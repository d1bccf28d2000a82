"""Where something of the stacks is declared and used: a configcrate, role, variable, resource, control and so on."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from vigo.core.nearest import nearest_name
from vigo.core.plan import Origin
from vigo.core.templates import is_template
from vigo.policy.declarations import Declaration
from vigo.policy.documents.configcrates import Configcrate
from vigo.policy.documents.hostcrates import COMMON_FILE, HostEntry
from vigo.policy.documents.stacks import Stacks
from vigo.policy.explained_variables import names_in, paths_called, place_of
from vigo.policy.fields import fields_of
from vigo.policy.secret_references import secret_references
from vigo.policy.study import Study
from vigo.policy.template_places import TemplateText, texts_in
from vigo.policy.templating import Parsed
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

Subject = Literal[
    "configcrate", "role", "environment", "variable", "resource", "file", "framework", "control", "secret"
]

_TEMPLATES: Final = "templates/"
_FOLDERS: Final = (_TEMPLATES, "files/")
_VARIABLES: Final = "vars."
# What a template in a name or path may stand for.
_PUT_IN: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class Use(msgspec.Struct, frozen=True):
    """One place where something is declared or used, and how: `declared`, `given by role web` and the like."""

    subject: Subject
    how: str
    origin: Origin


def uses(study: Study, name: str) -> tuple[Use, ...]:
    """Return every place where the stacks name something, by place; none where nothing has that name."""
    finder = _Finder(study, name)
    found = dict.fromkeys(
        (*finder.configcrate(), *finder.role(), *finder.environment(), *finder.variable(), *finder.resource())
    )
    found |= dict.fromkeys((*finder.file(), *finder.framework(), *finder.control(), *finder.secret()))
    return tuple(sorted(found, key=lambda use: (use.subject, use.how.split()[0] != "declared", *_order(use.origin))))


def names(study: Study) -> set[str]:
    """Return the name of everything in the stacks that `uses` finds."""
    stacks = study.stacks
    known = {*stacks.configcrates, *stacks.roles, *stacks.environments}
    known |= {file for file in study.compilation.reading.files if file.startswith(_FOLDERS)}
    known |= {variable for layer in _layers(study) for variable in names_in(layer.values)}
    for use in _of_controls(stacks):
        known |= {use.framework.text, use.control.text, f"{use.framework.text}/{use.control.text}"}
    known |= set(stacks.compliance.frameworks)
    known |= {one.text for one in secret_references(study.compilation.reading)}
    return known | {f"{crate.name}/{one.name.text}" for crate in study.crates.values() for one in crate.declarations}


def nearest(study: Study, name: str) -> str | None:
    """Return the name of something in the stacks that is closest to another one, or None."""
    return nearest_name(name, names(study))


class _Finder:
    def __init__(self, study: Study, name: str) -> None:
        self._study = study
        self._stacks = study.stacks
        self._files = study.compilation.reading.files
        self._name = name

    def configcrate(self) -> Iterator[Use]:
        crate = self._stacks.configcrates.get(self._name)
        return self._named("configcrate", crate.name, _of_configcrates(self._stacks)) if crate else iter(())

    def role(self) -> Iterator[Use]:
        role = self._stacks.roles.get(self._name)
        return self._named("role", role.name, _of_roles(self._stacks)) if role else iter(())

    def environment(self) -> Iterator[Use]:
        environment = self._stacks.environments.get(self._name)
        given = (
            (f"of the entry {_patterns(entry)}", (entry.environment,))
            for entry in self._stacks.entries
            if entry.environment is not None
        )
        return self._named("environment", environment.name, given) if environment else iter(())

    def variable(self) -> Iterator[Use]:
        layers = list(_layers(self._study))
        for name in (self._name, self._name.removeprefix(_VARIABLES)):
            paths = [path for layer in layers for path in paths_called(name, layer.values)]
            if paths:
                break
        path = paths[0] if paths else tuple(name.split("."))
        for layer in layers:
            place = place_of(layer, path)
            if paths and place is not None:
                yield Use("variable", f"set by {layer.label}", place)
        dotted = _VARIABLES + ".".join(path)
        for how, text, parsed in _templates(self._study):
            for used in sorted(parsed.names):
                is_around = dotted.startswith(f"{used}.") and used.startswith(_VARIABLES)
                if used == dotted or used.startswith(f"{dotted}.") or (paths and is_around):
                    yield from self._in_template(used, how, text)

    def resource(self) -> Iterator[Use]:
        wanted = self._name.partition("/")[0]
        for crate in self._study.crates.values():
            for one in crate.declarations:
                if crate.name == wanted and _may_be(f"{crate.name}/{one.name.text}", self._name):
                    yield Use("resource", "declared", one.name.origin)
                for relation, written in one.options.references:
                    local = f"{crate.name}/{written.text}"
                    if "/" in self._name and (_may_be(local, self._name) or _may_be(written.text, self._name)):
                        yield Use("resource", f"{relation} of {crate.name}/{one.name.text}", written.origin)

    def file(self) -> Iterator[Use]:
        if self._name not in self._files:
            return
        if self._name.startswith(_FOLDERS):
            yield Use("file", "declared", Origin(self._name, 1, 1))
        for crate in self._study.crates.values():
            for one in crate.declarations:
                for field, text in _file_names(crate.source, one):
                    if _may_be(text.text, self._name):
                        yield Use("file", f"{field} of {crate.name}/{one.name.text}", text.origin)
        for file in self._files:
            tree = self._study.compilation.reading.tree(file) if file.endswith(".vgo") else None
            for name in _data_files(tree):
                if name.text == self._name:
                    yield Use("file", "vars_from", name.origin)

    def framework(self) -> Iterator[Use]:
        declared = self._stacks.compliance.frameworks.get(self._name)
        if declared is not None:
            yield Use("framework", "declared", declared.name.origin)
        for use in _of_controls(self._stacks):
            if use.framework.text == self._name and use.how != "declared":
                yield Use("framework", use.how, use.framework.origin)

    def control(self) -> Iterator[Use]:
        for use in _of_controls(self._stacks):
            framework, control = use.framework.text, use.control.text
            if self._name in (control, f"{framework}/{control}"):
                # Several frameworks may have a control of that name.
                how = f"{use.how} in {framework}" if use.how == "declared" else f"{framework}: {use.how}"
                yield Use("control", how, use.control.origin)

    def secret(self) -> Iterator[Use]:
        for one in secret_references(self._study.compilation.reading):
            if one.is_called(self._name):
                yield Use("secret", f"value of {one.keys}", one.origin)

    def _named(
        self, subject: Subject, declared: Scalar, named: Iterable[tuple[str, Iterable[Scalar]]]
    ) -> Iterator[Use]:
        yield Use(subject, "declared", declared.origin)
        for how, names in named:
            for name in names:
                if name.text == self._name:
                    yield Use(subject, how, name.origin)

    def _in_template(self, used: str, how: str, text: TemplateText) -> Iterator[Use]:
        """Yield each place where a template has a name."""
        lines = self._study.compilation.findings.lines
        found = list(re.finditer(rf"(?<![\w.]){re.escape(used)}(?!\w|\.\w)", text.text))
        for offset in [one.start() for one in found] or [0]:
            yield Use("variable", how, text.place(offset, lines))


def _of_configcrates(stacks: Stacks) -> Iterator[tuple[str, Iterable[Scalar]]]:
    """Yield the names of configcrates that each part of the stacks has, with what that means for them."""
    for common in stacks.inherited.values():
        yield f"given by {'/'.join(filter(None, (common.directory, COMMON_FILE)))}", common.configcrates
    for role in stacks.roles.values():
        yield f"given by role {role.name.text}", role.configcrates
        for case in role.cases:
            yield f"given by role {role.name.text} when {case.when.text}", case.configcrates
    for entry in stacks.entries:
        yield f"given by the entry {_patterns(entry)}", entry.configcrates
    for environment in stacks.environments.values():
        yield f"given by environment {environment.name.text}", environment.configcrates
        yield f"excluded by environment {environment.name.text}", environment.exclude
    for crate in stacks.configcrates.values():
        yield f"configcrate {crate.name.text} depends on it", crate.depends_on
        yield f"configcrate {crate.name.text} comes before it", crate.before


def _of_roles(stacks: Stacks) -> Iterator[tuple[str, Iterable[Scalar]]]:
    for role in stacks.roles.values():
        yield f"included by role {role.name.text}", role.includes
    for entry in stacks.entries:
        yield f"given by the entry {_patterns(entry)}", entry.roles


class _ControlUse(NamedTuple):
    how: str
    framework: Scalar
    control: Scalar


def _of_controls(stacks: Stacks) -> Iterator[_ControlUse]:
    for framework in stacks.compliance.frameworks.values():
        for control in framework.controls.values():
            yield _ControlUse("declared", framework.name, control.name)
    for crate in stacks.configcrates.values():
        for claim in crate.claims:
            yield _ControlUse(f"claimed by configcrate {crate.name.text}", claim.framework, claim.control)
    for waiver in stacks.compliance.waivers:
        patterns = ", ".join(pattern.text for pattern in waiver.match)
        for name in waiver.controls:
            yield _ControlUse(f"waived for {patterns} until {waiver.until}", waiver.framework, name)


def _patterns(entry: HostEntry) -> str:
    return ", ".join(pattern.text for pattern in entry.patterns)


def _layers(study: Study) -> Iterator[Layer]:
    stacks = study.stacks
    for groups in (stacks.configcrates, stacks.roles, stacks.inherited, stacks.environments):
        for one in groups.values():
            yield from one.layers
    for entry in stacks.entries:
        yield from entry.layers


def _templates(study: Study) -> Iterator[tuple[str, TemplateText, Parsed]]:
    """Yield every template and condition of the stacks, with the words for what it is a part of."""
    book = study.compilation.book
    for file, content in study.compilation.reading.files.items():
        whole = content.decode("utf-8", errors="replace") if file.startswith(_TEMPLATES) else ""
        if is_template(whole):
            yield "used by this template", TemplateText(whole, Origin(file, 1, 1)), book.template(whole)
    for role in study.stacks.roles.values():
        for case in role.cases:
            text_of_case = TemplateText(case.when.text, case.when.origin, case.when)
            yield f"used by a case of role {role.name.text}", text_of_case, book.condition(case.when.text)
    for crate in study.crates.values():
        for text in _loop_texts(crate.source.foreach):
            yield f"used by foreach of configcrate {crate.name}", text, book.template(text.text)
        for one in crate.declarations:
            for what, text in _texts_of(one):
                yield f"used by {what} of {crate.name}/{one.name.text}", text, book.template(text.text)
            when = one.options.when
            if when is not None:
                yield f"used by when of {crate.name}/{one.name.text}", when.text, when.parsed


def _texts_of(declaration: Declaration) -> Iterator[tuple[str, TemplateText]]:
    for templated in declaration.templated:
        for text in templated.texts:
            if text.scalar is not None and is_template(text.text):
                yield templated.field.name, text
    named = [("name", declaration.name), *declaration.options.references]
    for what, scalar in named:
        if is_template(scalar.text):
            yield what, TemplateText(scalar.text, scalar.origin, scalar)
    for text in _loop_texts(declaration.foreach):
        yield "foreach", text


def _loop_texts(node: Node | None) -> Iterator[TemplateText]:
    if isinstance(node, Scalar) and is_template(node.text):
        yield TemplateText(node.text, node.origin, node)


def _file_names(crate: Configcrate, declaration: Declaration) -> Iterator[tuple[str, TemplateText]]:
    """Yield the paths in the stacks that a resource, or the defaults for it, names."""
    written = next((one for one in crate.resources if one.origin == declaration.origin), None)
    for field in fields_of(declaration.kind).values() if declaration.kind is not None else ():
        if field.content_field is None or written is None:
            continue
        node = written.get(field.name) or (crate.defaults.get(field.name) if crate.defaults is not None else None)
        for text in texts_in(node) if node is not None else ():
            yield field.name, text


def _data_files(node: Node | None) -> Iterator[Scalar]:
    """Yield the names of data files in a document, wherever it may have `vars_from`; variables are not looked into."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _data_files(item)
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        if key == "vars_from":
            named = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
            yield from (one for one in named if isinstance(one, Scalar))
        elif key not in ("vars", "resources", "defaults"):
            yield from _data_files(entry.value)


def _may_be(written: str, name: str) -> bool:
    """Return whether a text is a name, or a template that could become it."""
    if not is_template(written):
        return written == name
    parts = [re.escape(part) for part in _PUT_IN.split(written)]
    return len("".join(parts)) > 1 and re.fullmatch(".+".join(parts), name, re.DOTALL) is not None


def _order(origin: Origin) -> tuple[str, int, int]:
    return origin.file, origin.line, origin.column
