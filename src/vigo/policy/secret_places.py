"""Which secrets a resource takes in, and whether they may stand where they are put."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from typing import Any, Final, NamedTuple

from vigo.catalog.api import Resource
from vigo.core.plan import Origin
from vigo.core.secret_marker import SecretMarker, markers_in
from vigo.core.template_names import taken_in, texts_in
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Declaration
from vigo.policy.fields import fields_of
from vigo.policy.secret_references import references_in_texts, secret_references
from vigo.policy.templating import Parsed
from vigo.policy.yaml_tree import Node

_OTHERS_MAY_READ: Final = 0o004
_USUAL_MODE: Final = 0o644


def taken(parsed: Parsed, context: Map[str, Any]) -> Iterator[SecretMarker]:
    """Yield the markers among the values that a template or condition looks at; what it may look at counts too."""
    for name in parsed.names:
        yield from markers_in(taken_in(context, name.split(".")))


def takes_secrets(compilation: Compilation, texts: Iterable[str], context: Map[str, Any]) -> bool:
    """Return whether one of some templates looks at a secret."""
    if not compilation.has_secrets:
        return False
    return any(next(taken(compilation.book.template(text), context), None) is not None for text in texts)


def secrets_by_field(
    compilation: Compilation, templates: Map[str, Any], context: Map[str, Any]
) -> dict[str, frozenset[SecretMarker]]:
    """Return the secrets of which the fields of a resource are made that the machine has to render."""
    if not compilation.has_secrets:
        return {}
    found = {
        name: frozenset(
            (
                *markers_in(source),
                *(one for text in texts_in(source) for one in taken(compilation.book.template(text), context)),
            )
        )
        for name, source in templates.items()
    }
    return {name: markers for name, markers in found.items() if markers}


class MadeOfSecrets(NamedTuple):
    """A resource with the secrets of which its fields are made."""

    declaration: Declaration
    kind: Resource[Any, Any]
    found: Map[str, frozenset[SecretMarker]]
    fields: Map[str, Any]
    templates: Map[str, Any]


def check_made_of_secrets(compilation: Compilation, made: MadeOfSecrets, entry: Origin) -> bool:
    """Return whether a resource may be made of its secrets; else the errors say why."""
    declaration, kind = made.declaration, made.kind
    places, origin = declaration.places, declaration.origin
    fields = fields_of(kind)
    good = [name for name, field in fields.items() if field.may_be_secret]
    wrong = [name for name in made.found if name not in good]
    for name in wrong:
        message = f"{name}: expected a value that others may see, found the secret {_named(made.found[name])}"
        hint = (
            f"of {kind.kind}, these fields may hold a secret: {', '.join(good)}"
            if good
            else f"no field of {kind.kind} may hold a secret; put it into a file that only its reader may read"
        )
        compilation.findings.error(places.get(name, origin), "secret", message, hint=hint, entry=entry)
    if declaration.options.on_remove == "revert":
        message = "on_remove: expected no `revert` of what is made of a secret: what was there would be kept in plain"
        compilation.findings.error(origin, "secret", message, hint="leave it out", entry=entry)
        return False
    if not wrong and "mode" in fields:
        _warn_of_readers(compilation, made, places.get("mode", origin), entry)
    return not wrong


def _warn_of_readers(compilation: Compilation, made: MadeOfSecrets, place: Origin, entry: Origin) -> None:
    mode = made.fields.get("mode")
    if "mode" in made.templates:
        return
    if (_USUAL_MODE if mode is None else int(str(mode), 8)) & _OTHERS_MAY_READ:
        found = "none, so that it is 0644" if mode is None else str(mode)
        message = f"mode: expected one that keeps a file with a secret from others, found {found}"
        hint = "write `mode: 0600`, or 0640 with a group"
        compilation.findings.warning(place, "secret", message, hint=hint, entry=entry)


def refuse_secrets(
    compilation: Compilation, what: str, node: Node, parsed: Parsed, context: Map[str, Any], entry: Origin
) -> bool:
    """Return whether a text that is known to everybody takes in no secret; else the error says so."""
    found = frozenset(taken(parsed, context)) if compilation.has_secrets else frozenset[SecretMarker]()
    if found:
        message = f"{what}: expected what everybody may see, found the secret {_named(found)}"
        hint = "only fields of resources can be made of a secret"
        compilation.findings.error(node.origin, "secret", message, hint=hint, entry=entry)
    return not found


def check_references(compilation: Compilation) -> None:
    """Refuse references where only what everybody may see can stand; warn of those that are none."""
    if not compilation.has_secrets:
        return
    for one in references_in_texts(compilation.reading):
        message = (
            f"{one.keys}: a reference to a secret is a whole value: inside of other text {one.text} stays as it is"
        )
        hint = f"put {one.text} into a variable, and write {{{{ vars.NAME }}}} here"
        compilation.findings.warning(one.origin, "secret", message, hint=hint)
    for one in secret_references(compilation.reading):
        if not one.may_stand_there:
            message = f"{one.keys or 'value'}: expected what everybody may see, found a reference to a secret"
            hint = "variables and fields of resources can be secrets; a text that only looks so: {{ 'secret:x' }}"
            compilation.error(one.origin, "secret", message, hint)


def _named(found: Iterable[SecretMarker]) -> str:
    return ", ".join(sorted(one.name for one in found))
