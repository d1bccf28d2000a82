"""What the kinds that manage one value of a document have in common: `json_file`, `yaml_file` and `toml_file`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, UnsetType

from vigo.catalog.api import ReadHost, Spec, field
from vigo.catalog.formats.line_ends import with_ends_kept
from vigo.catalog.formats.names import check_path
from vigo.catalog.formats.pointers import (
    Format,
    check_value,
    parse_pointer,
    value_at,
    with_value,
    without_value,
)
from vigo.catalog.ops import Op
from vigo.catalog.resources.files.edited_text import EditedText, require_text, text_to_edit, written
from vigo.catalog.resources.files.former_part import PartFootprint, RevertiblePart
from vigo.core.errors import InvalidError


class PointedValueSpec(Spec, frozen=True, kw_only=True):
    """One value of a document of maps and lists."""

    path: Annotated[str, field("The file.", example="/etc/app/settings", is_path=True)]
    pointer: Annotated[
        str,
        field(
            "Where the value is: the names and list numbers on the way to it, each behind a `/`; in a name `~1` stands"
            " for `/` and `~0` for `~`. Empty: the whole document. Maps that are missing on the way are made. In a list"
            " the next number adds an item; items cannot be absent.",
            example="/server/port",
        ),
    ]
    value: Annotated[
        Any | UnsetType,
        field(
            "The value, of any type: text, number, true, false, null, list or map.", example=8080, may_be_secret=True
        ),
    ] = UNSET
    create: Annotated[bool, field("Create the file, mode 0644, when it is missing.")] = False
    state: Annotated[Literal["present", "absent"], field("Whether there shall be a value.")] = "present"


class PointedValue(RevertiblePart[PointedValueSpec]):
    """Observing, planning and undoing by a format, for a kind to be made of."""

    format: ClassVar[Format]
    part_field = "value"

    def validate(self, spec: PointedValueSpec) -> None:
        """Accept a pointer and a value that the format can hold."""
        check_path("path", spec.path)
        path = parse_pointer(spec.pointer)
        if spec.state == "absent":
            if not path:
                raise InvalidError(
                    "pointer: expected a key to take away, found the whole document; use a file resource"
                )
            if spec.value is not UNSET:
                raise InvalidError("value: expected none beside state: absent, found one; remove it, or the state")
            return
        if spec.value is UNSET:
            raise InvalidError("value: expected the value that shall be there, found none; null is written `null`")
        check_value(spec.value)
        self.format.check(spec.value)
        if not path and self.format.name == "TOML" and not isinstance(spec.value, dict):
            raise InvalidError("value: expected a map as the whole document, found another value")

    def observe(self, spec: PointedValueSpec, host: ReadHost) -> EditedText:
        """Return the file's content."""
        return text_to_edit(host, spec.path, is_created=spec.create and spec.state == "present")

    def plan(self, spec: PointedValueSpec, state: EditedText) -> Iterator[Op]:
        """Yield the whole file anew where the value is missing, another one, or still there."""
        path, text = parse_pointer(spec.pointer), state.text or ""
        try:
            if spec.state == "present":
                if not spec.create:
                    require_text(spec.path, state)
                after = with_ends_kept(text, lambda bare: with_value(self.format, bare, path, spec.value))
            else:
                after = with_ends_kept(text, lambda bare: without_value(self.format, bare, path)) if text else text
        except InvalidError as error:
            raise InvalidError(f"{spec.path}: {error}") from error
        yield from written(spec.path, state, after, "value")

    def owns(self, spec: PointedValueSpec) -> tuple[str, ...]:
        """Return the place in the path; others may be managed beside it."""
        return (f"part:{spec.path}:{spec.pointer}",)

    def footprints(self, spec: PointedValueSpec) -> Mapping[str, PartFootprint]:
        """Return the value."""
        (owned,) = self.owns(spec)
        names = (spec.pointer,)
        return {owned: PartFootprint(owns=(owned, f"path:{spec.path}"), path=spec.path, names=names)}

    def part_in(self, text: str, names: tuple[str, ...]) -> str | None:
        """Return the value as text of its format."""
        value = value_at(self.format.read(text), parse_pointer(names[0]))
        return None if value is UNSET else self.format.packed(value)

    def with_part(self, text: str, names: tuple[str, ...], part: str | None) -> str:
        """Return the text with another value, or without."""
        path = parse_pointer(names[0])
        if part is None:
            return with_ends_kept(text, lambda bare: without_value(self.format, bare, path))
        value = self.format.unpacked(part)
        return with_ends_kept(text, lambda bare: with_value(self.format, bare, path, value))
