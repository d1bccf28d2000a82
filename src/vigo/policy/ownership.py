"""Checks over all resources of an entry: names once, each thing in one hand, and nothing that acts in every pass."""

from collections.abc import Iterable, Sequence

from vigo.core.ids import ResourceId
from vigo.core.plan import Origin
from vigo.policy.compilation import Compilation
from vigo.policy.resources import Stamped


def check_names(compilation: Compilation, entry: Origin, resources: Iterable[Stamped]) -> None:
    """Refuse two resources of one configcrate with one name, once that is rendered."""
    first: dict[ResourceId, Stamped] = {}
    for resource in resources:
        former = first.setdefault(resource.id, resource)
        names = (former.declaration.name.text, resource.declaration.name.text)
        is_told = former.declaration is not resource.declaration and names == (resource.name, resource.name)
        if former is resource or is_told:
            continue
        if former.declaration is resource.declaration:
            message = f"name: expected another name for each item of foreach, found {resource.name!r} twice"
            hint = 'use the item in the name, such as "conf-{{ item }}"'
        else:
            message = f"name: expected each name once, found {resource.name!r} again; it stands at {former.origin} too"
            hint = "give one of the two another name"
        place = resource.declaration.name.origin
        compilation.findings.error(place, "duplicate-name", message, hint=hint, entry=entry)


def check_owners(compilation: Compilation, entry: Origin, resources: Iterable[Stamped]) -> None:
    """Refuse two resources that own the same thing.

    Where only one of the two has a condition, both apply on some machines: a warning. Two different conditions count
    as alternatives, since only a machine knows. What a machine has to render is not known either. Each resource is
    held against one former owner: the first with its conditions, or else without any.
    """
    owners: dict[str, dict[tuple[str, ...], Stamped]] = {}
    for resource in resources:
        mine = tuple([condition.expression for condition in resource.conditions]) if resource.conditions else ()
        for thing in resource.things:
            formers = owners.get(thing)
            if formers is None:
                owners[thing] = {mine: resource}
                continue
            former = formers.get(mine) or formers.get(()) or (None if mine else next(iter(formers.values())))
            if former is not None:
                _contend(compilation, entry, thing, former, resource)
            formers.setdefault(mine, resource)


def check_handlers(compilation: Compilation, resources: Sequence[Stamped]) -> None:
    """Refuse what would restart or reload in every pass; warn of commands without a guard."""
    for resource in resources:
        declaration = resource.declaration
        place = declaration.places.get("state", declaration.origin)
        if declaration.options.immediately and not resource.is_handler:
            message = "immediately: it only says when a notified resource runs, and this one runs in its place"
            compilation.findings.warning(declaration.origin, "idle-option", message, hint="add `when: changed`")
        if resource.settles or resource.is_handler:
            continue
        if "state" in resource.fields:
            message = (
                f"state: {resource.fields['state']} acts in every pass; expected `when: changed` or `subscribes`"
                " beside it, found neither"
            )
            compilation.error(place, "unguarded", message, "let what changes the configuration notify it")
        else:
            message = f"{declaration.type}: it acts in every pass, since nothing says when its work is done"
            hint = "add a guard (unless, onlyif or creates), or `when: changed`"
            compilation.findings.warning(place, "unguarded", message, hint=hint)


def _contend(compilation: Compilation, entry: Origin, thing: str, former: Stamped, resource: Stamped) -> None:
    subject, _, name = thing.partition(":")
    message = f"{subject} {name}: {resource.id} and {former.id} both manage it; the other one stands at {former.origin}"
    mine = [condition.expression for condition in resource.conditions]
    theirs = [condition.expression for condition in former.conditions]
    if former.id == resource.id:
        return  # two of one name: that was told
    if former.declaration is resource.declaration:
        message = f"{subject} {name}: {resource.id} and {former.id}, of one foreach, both manage it"
        hint = "use the item in the field too"
        compilation.findings.error(resource.origin, "conflict", message, hint=hint, entry=entry)
    elif mine == theirs:
        hint = "remove one, or put what both say into one"
        compilation.findings.error(resource.origin, "conflict", message, hint=hint, entry=entry)
    elif not mine or not theirs:
        hint = "give both a `when:` so that only one applies"
        compilation.findings.warning(resource.origin, "conflict", message, hint=hint, entry=entry)
