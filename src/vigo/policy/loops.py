"""`foreach`: what a resource, or a whole configcrate, is stamped for."""

from collections.abc import Mapping as Map
from typing import Any

from vigo.core.templates import is_template
from vigo.core.typed_templates import ANYTHING, rendered
from vigo.policy.compilation import Compilation
from vigo.policy.scalars import described
from vigo.policy.template_places import TemplateText, texts_in
from vigo.policy.yaml_tree import Node, Scalar


def check_loop(compilation: Compilation, node: Node | None) -> bool:
    """Return whether a `foreach` is a list, a map, or a template of one, all of it known without a machine."""
    if isinstance(node, Scalar) and not is_template(node.text):
        message = f"foreach: expected a list, a map, or a template of one, found {described(node)}"
        compilation.error(node.origin, "foreach", message, 'write "{{ vars.NAME }}"')
        return False
    good = [_check_text(compilation, text) for text in templates_in(node)]
    return all(good)


def templates_in(node: Node | None) -> list[TemplateText]:
    """Return the templates in a `foreach`: itself, or those in its items."""
    return [] if node is None else [text for text in texts_in(node) if is_template(text.text)]


def is_known_without_a_machine(compilation: Compilation, node: Node) -> bool:
    """Return whether a `foreach` is one that `check_loop` accepts."""
    if isinstance(node, Scalar) and not is_template(node.text):
        return False
    parsed = [compilation.book.template(text.text) for text in templates_in(node)]
    return not any(one.needs_machine or one.problems or one.locals for one in parsed)


def items_of(compilation: Compilation, node: Node, variables: Map[str, Any]) -> Any:
    """Return what a `foreach` goes over, its templates rendered.

    Raises:
        TemplateError: one of them cannot be rendered.
    """
    context = {"vars": variables}
    if isinstance(node, Scalar):
        return compilation.book.value(node.text, context)
    items = compilation.reading.plain(node, is_rendered=True)
    return rendered(items, ANYTHING, compilation.book, context) if templates_in(node) else items


def _check_text(compilation: Compilation, text: TemplateText) -> bool:
    parsed = compilation.book.template(text.text)
    if not compilation.check_template(text, parsed, has_items=False):
        return False
    if parsed.needs_machine:
        message = "foreach: expected what is known without a machine, found traits or predicates"
        compilation.error(text.origin, "foreach", message, "use variables")
    return not parsed.needs_machine


def turns_of(items: Any) -> list[dict[str, Any]] | None:
    """Return `item` (and `key` for a map) for each time that something is stamped, or None for what is no collection.

    >>> turns_of({"a": 1})
    [{'item': 1, 'key': 'a'}]
    """
    if isinstance(items, Map):
        return [{"item": value, "key": key} for key, value in items.items()]
    if isinstance(items, list | tuple):
        return [{"item": value} for value in items]
    return None
