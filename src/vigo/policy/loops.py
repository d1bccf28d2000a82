"""`foreach`: what a resource, or a whole configcrate, is stamped for."""

from collections.abc import Mapping as Map
from typing import Any

from vigo.core.templates import is_template
from vigo.policy.compilation import Compilation
from vigo.policy.scalars import described
from vigo.policy.template_places import TemplateText
from vigo.policy.yaml_tree import Node, Scalar


def check_loop(compilation: Compilation, node: Node | None) -> bool:
    """Return whether a `foreach` is a list, a map, or a template of one that needs no machine; else the errors say."""
    if not isinstance(node, Scalar):
        return True
    if not is_template(node.text):
        message = f"foreach: expected a list, a map, or a template of one, found {described(node)}"
        compilation.error(node.origin, "foreach", message, 'write "{{ vars.NAME }}"')
        return False
    parsed = compilation.book.template(node.text)
    if not compilation.check_template(TemplateText(node.text, node.origin, node), parsed, has_items=False):
        return False
    if parsed.needs_machine:
        message = "foreach: expected what is known without a machine, found traits or predicates"
        compilation.error(node.origin, "foreach", message, "use variables")
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
