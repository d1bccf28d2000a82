from typing import Any

import pytest

from tests.policy.conftest import by_name, resources
from vigo.agent.engine.rendering import spec_of, values_of
from vigo.catalog.scan import resource_kinds
from vigo.core.ids import ResourceId
from vigo.core.plan import Origin, PlannedResource
from vigo.core.templates import Templates
from vigo.core.typed_templates import rendered
from vigo.policy.fields import fields_of
from vigo.policy.templating import TemplateBook

VARS: dict[str, Any] = {
    "port": 80,
    "mode": "0644",
    "yes": True,
    "none": None,
    "ratio": 1.5,
    "words": ["a", 2, True],
    "map": {"A": 1, "B": "x"},
    "hostile": "{{ 7 * 7 }}",
}
REQUIRED = {"file": {"path": "/a"}, "exec": {"shell": "x"}, "user": {"user": "u"}, "package": {"package": "p"}}


@pytest.mark.parametrize(
    ("kind", "field", "source"),
    [
        ("file", "content", "{{ vars.port }}"),
        ("file", "content", " {{ vars.port }}\n"),
        ("file", "content", "port {{ vars.port }}\n"),
        ("file", "content", "{{ vars.yes }}"),
        ("file", "content", "{{ vars.ratio }}"),
        ("file", "content", "{{ vars.words }}"),
        ("file", "content", "{{ vars.map }}"),
        ("file", "content", "{{ vars.hostile }}"),
        ("file", "content", "{{ vars.none }}"),
        ("file", "mode", "{{ vars.mode }}"),
        ("file", "backup", "{{ vars.yes }}"),
        ("file", "backup", "{{ 'true' }}"),
        ("file", "validate", ["check", "%", "{{ vars.port }}"]),
        ("file", "validate", "{{ vars.words }}"),
        ("exec", "environment", {"{{ vars.mode }}": "{{ vars.port }}", "B": "x"}),
        ("exec", "environment", "{{ vars.map }}"),
        ("exec", "returns", ["{{ vars.port }}", "3"]),
        ("exec", "unless", "{{ vars.port }}"),
        ("exec", "unless", ["test", "{{ vars.yes }}"]),
        ("user", "uid", "{{ vars.port }}"),
        ("user", "uid", "{{ vars.port }}1"),
        ("package", "package", "{{ vars.words }}"),
        ("package", "package", ["{{ vars.port }}"]),
    ],
)
def test_rendering_here_gives_what_rendering_on_the_machine_gives(kind: str, field: str, source: Any) -> None:
    known = resource_kinds()[kind]
    value = rendered(source, fields_of(known)[field].type, TemplateBook(), {"vars": VARS})
    base: dict[str, Any] = {name: one for name, one in REQUIRED[kind].items() if name != field}

    def resource(**more: Any) -> PlannedResource:
        return PlannedResource(id=ResourceId("web/a"), type=kind, origin=Origin("a.vgo", 1), **more)

    written, left = resource(fields={**base, field: value}), resource(fields=base, templates={field: source})
    here = spec_of(written, known, values_of(written, known, Templates(), {"vars": VARS}))
    there = spec_of(left, known, values_of(left, known, Templates(), {"vars": VARS}))
    assert here == there


def test_a_text_keeps_the_space_around_an_expression() -> None:
    found = resources(r'- {name: a, type: file, path: /a, content: "{{ 1 + 1 }}\n"}')
    assert by_name(found)["web/a"].fields["content"] == "2\n"


def test_what_was_rendered_is_never_rendered_again() -> None:
    text = """
- {name: a, type: file, path: /a, content: "{{ '{{ 7 * 7 }}' }}"}
- {name: b, type: file, path: /b, content: "{{ '{{ 7 * 7 }}' }}{{ traits.os.family }}"}
"""
    found = by_name(resources(text))
    assert found["web/a"].fields["content"] == "{{ 7 * 7 }}"
    assert found["web/a"].templates == {}
    assert found["web/b"].templates["content"] == "{{ '{{ 7 * 7 }}' }}{{ traits.os.family }}"
    assert "content" not in found["web/b"].fields
