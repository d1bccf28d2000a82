import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml

from tests.gates.tree import text
from tests.policy.conftest import compiled
from tools import reference
from vigo.catalog.api import Collector, Resource, Spec, TraitSet, field
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.errors import InvalidError
from vigo.policy.diagnostics import as_text

SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STALE = "docs/{} is stale: run `make reference` (.venv/bin/python -m tools.reference) and commit it"
LINK = re.compile(r"\]\(([\w./]*)#([\w-]+)\)")
KINDS = pytest.mark.parametrize("name", resource_kinds())


Turns = Annotated[int, msgspec.Meta(ge=0, le=9)]


class KnobSpec(Spec, frozen=True, kw_only=True):
    """A knob | of a radio.

    More about it.
    """

    knob: Annotated[str, field("Which one.", example="volume")]
    left: Annotated[Turns | None, field("Turns to the left.", example=2)] = None
    right: Annotated[int | None, field("Turns to the right.", example=3)] = None
    colours: Annotated[Mapping[str, str], field("Of its parts.", example={"cap": "red: dark"})] = {}
    state: Annotated[Literal["turned", "absent"], field("Where it is.")] = "turned"


class Knob(Resource[KnobSpec, None]):
    """It turns. Read `vigo.catalog.api` for more."""

    kind, since, spec = "knob", "0.1", KnobSpec
    name_field = "knob"

    def validate(self, spec: KnobSpec) -> None:
        if spec.left is not None and spec.right is not None:
            raise InvalidError("left: expected it or right")

    def observe(self, spec: Any, host: Any) -> None:
        raise NotImplementedError

    plan = observe

    def settles(self, spec: KnobSpec) -> bool:
        return spec.state == "absent"


class Speechless(Knob):
    """Its fields have no examples."""

    kind = "speechless"

    class spec(Spec, frozen=True, kw_only=True):  # noqa: N801 - the name that the interface asks for
        """Nothing to show."""

        knob: Annotated[str, field("Which one.")]


class Part(msgspec.Struct, frozen=True):
    """A part."""

    size_mm: Annotated[int | None, field("Size, in millimetres.", example=4)]


class RadioTraits(TraitSet, frozen=True, kw_only=True):
    """The radio."""

    parts: Annotated[dict[str, Part], field("Parts by name.")]
    spares: Annotated[tuple[Part, ...], field("Parts in the drawer.")]


RADIO = Collector("radio", timedelta(hours=2), timedelta(seconds=1), RadioTraits, lambda _: NotImplemented)


@pytest.mark.parametrize("page", ["kinds.md", "traits.md"])
def test_the_reference_is_what_the_catalogue_says(page: str) -> None:
    assert text(f"docs/{page}") == reference.pages()[page], STALE.format(page)


def test_every_kind_and_every_trait_set_has_its_section() -> None:
    assert {name for name, _ in SECTION.findall(text("docs/kinds.md"))} == set(resource_kinds())
    assert {name for name, _ in SECTION.findall(text("docs/traits.md"))} == set(collectors())


@KINDS
def test_the_example_of_a_kind_compiles_without_a_message(name: str) -> None:
    section = dict(SECTION.findall(text("docs/kinds.md")))[name]
    (example,) = EXAMPLE.findall(section)
    crate = f"configcrate: example\n{example}"
    found = compiled({"configcrates/example.vgo": crate, "envoys.vgo": 'envoys: [{match: "*", configcrates: example}]'})
    assert found.policy is not None, as_text(found.diagnostics)
    assert as_text(found.diagnostics) == ""
    assert [one["type"] for one in yaml.safe_load(example)["resources"]] == [name]


@pytest.mark.parametrize("page", ["kinds.md", "traits.md"])
def test_what_a_page_refers_to_is_there(page: str) -> None:
    titles = {name: _anchors(name) for name in ("kinds.md", "traits.md", "guide/resources.md")}
    assert [found for found in LINK.findall(text(f"docs/{page}")) if found[1] not in titles[found[0] or page]] == []


def test_a_kind_is_shown_with_its_fields_and_an_example_that_fits_together() -> None:
    assert reference.kinds_page({"knob": Knob()}).partition("## knob\n")[2] == (
        "\nA knob | of a radio.\nIt turns.\n"
        "\nSince 0.1. Where `knob` is left out it is the resource's `name`.\n"
        "\n| field | type | default | what it says |\n|---|---|---|---|\n"
        "| `knob` | text | the name | Which one. Example: `volume` |\n"
        "| `left` | whole number, 0 to 9 |  | Turns to the left. Example: `2` |\n"
        "| `right` | whole number |  | Turns to the right. Example: `3` |\n"
        '| `colours` | map of texts |  | Of its parts. Example: `{cap: "red: dark"}` |\n'
        "| `state` | `turned`, `absent` | `turned` | Where it is. |\n"
        "\n```yaml\nresources:\n  - name: volume\n    type: knob\n    left: 2\n"
        '    colours: {cap: "red: dark"}\n    when: changed\n```\n'
    )


def test_a_kind_without_examples_is_told_to_have_some() -> None:
    with pytest.raises(InvalidError, match=r"speechless: expected required fields with `example=`"):
        reference.example_of(Speechless())


def test_a_trait_is_shown_by_the_name_that_templates_use() -> None:
    page = reference.traits_page({"radio": RADIO}).partition("## radio\n")[2]
    assert page == (
        "\nThe radio.\n\nRead every 2 hours, for at most 1 second.\n"
        "\n| trait | type | what it says |\n|---|---|---|\n"
        "| `traits.radio.parts` | map of maps | Parts by name. |\n"
        "| `traits.radio.parts[NAME].size_mm` | whole number or none | Size, in millimetres. Example: `4` |\n"
        "| `traits.radio.spares` | list of maps | Parts in the drawer. |\n"
        "| `traits.radio.spares[0].size_mm` | whole number or none | Size, in millimetres. Example: `4` |\n"
    )


def test_the_command_takes_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["docs"]) == 2
    assert "expected no arguments" in capsys.readouterr().err


def _anchors(page: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text(f"docs/{page}"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
