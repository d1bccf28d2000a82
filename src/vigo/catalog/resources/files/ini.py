"""The kind `ini`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.ini import values_of, with_option, without_option
from vigo.catalog.formats.line_ends import with_ends_kept
from vigo.catalog.formats.names import check_one_line, check_path, shown
from vigo.catalog.ops import Op
from vigo.catalog.resources.files.edited_text import EditedText, require_text, text_to_edit, written
from vigo.catalog.resources.files.former_part import PartFootprint, RevertiblePart
from vigo.core.errors import InvalidError


class IniSpec(Spec, frozen=True, kw_only=True):
    """One option of a file of `option = value` lines in sections such as `[main]`."""

    path: Annotated[str, field("The file.", example="/etc/dnf/dnf.conf", is_path=True)]
    option: Annotated[str, field("Name of the option, capital letters as the file has them.", example="keepcache")]
    section: Annotated[
        str | None,
        field(
            "Name of its section, without brackets. Without: the part of the file before the first section.",
            example="main",
        ),
    ] = None
    value: Annotated[
        str | None,
        field(
            "The value as it is written, quotes included where the file needs them.", example="1", may_be_secret=True
        ),
    ] = None
    create: Annotated[bool, field("Create the file, mode 0644, when it is missing.")] = False
    state: Annotated[Literal["present", "absent"], field("Whether the option shall be there.")] = "present"


class Ini(RevertiblePart[IniSpec], Resource[IniSpec, EditedText]):
    """Comments and layout stay; an option that stands in its section several times is there once afterwards.

    That is in the place of the last. A new option gets the sign and spacing of its neighbours, a missing section is
    added at the end. A comment behind a value (` # ...`, ` ; ...`) stays and does not count. Lines that a
    backslash or deeper indentation ties to the value are part of it. Where programs mean several lines of one name
    (`ExecStart=` of systemd), use file_line or a file instead.
    """

    kind, since, spec = "ini", "0.1", IniSpec
    part_field = "value"

    def validate(self, spec: IniSpec) -> None:
        """Accept names and a value that are read back as they are written."""
        check_path("path", spec.path)
        _check_name("option", spec.option)
        if "=" in spec.option or spec.option[:1] in "#;[" or spec.option.endswith(":"):
            raise InvalidError(
                f"option: expected a name without `=` that begins with none of `#;[`, found {shown(spec.option)}"
            )
        if spec.section is not None:
            _check_name("section", spec.section)
            if spec.section.startswith("[") or "]" in spec.section:
                raise InvalidError(f"section: expected a name without brackets, found {shown(spec.section)}")
        if spec.state == "present" and spec.value is None:
            raise InvalidError("value: expected the value that the option shall have, found none; add it")
        if spec.value is not None:
            check_one_line("value", spec.value)
            if spec.value != spec.value.strip():
                raise InvalidError(f"value: expected no blanks around it, found {shown(spec.value)}; use quotes")

    def observe(self, spec: IniSpec, host: ReadHost) -> EditedText:
        """Return the file's content."""
        return text_to_edit(host, spec.path, is_created=spec.create and spec.state == "present")

    def plan(self, spec: IniSpec, state: EditedText) -> Iterator[Op]:
        """Yield the whole file anew where the option is missing, has another value, or is still there."""
        if spec.state == "present" and not spec.create:
            require_text(spec.path, state)
        part = spec.value if spec.state == "present" else None
        yield from written(spec.path, state, self.with_part(state.text or "", _names(spec), part), "value")

    def owns(self, spec: IniSpec) -> tuple[str, ...]:
        """Return the option of the path; others may be managed beside it."""
        section = "" if spec.section is None else f"[{spec.section}] "
        return (f"part:{spec.path}:{section}{spec.option}",)

    def footprints(self, spec: IniSpec) -> Mapping[str, PartFootprint]:
        """Return the option."""
        (owned,) = self.owns(spec)
        return {owned: PartFootprint(owns=(owned, f"path:{spec.path}"), path=spec.path, names=_names(spec))}

    def part_in(self, text: str, names: tuple[str, ...]) -> str | None:
        """Return the option's values, each a line of its own."""
        values = values_of(text.replace("\r\n", "\n"), *_place(names))
        return "\n".join(values) if values else None

    def with_part(self, text: str, names: tuple[str, ...], part: str | None) -> str:
        """Return the text with another value, or without the option; of several values the last."""
        section, option = _place(names)
        if part is None:
            return with_ends_kept(text, lambda bare: without_option(bare, section, option))
        last = part.rpartition("\n")[2]
        return with_ends_kept(text, lambda bare: with_option(bare, section, option, last))


def _names(spec: IniSpec) -> tuple[str, ...]:
    return (spec.option,) if spec.section is None else (spec.option, spec.section)


def _place(names: tuple[str, ...]) -> tuple[str | None, str]:
    return (names[1] if len(names) > 1 else None), names[0]


def _check_name(field_name: str, name: str) -> None:
    check_one_line(field_name, name)
    if not name or name != name.strip():
        raise InvalidError(f"{field_name}: expected a name without blanks around it, found {shown(name)}")
