"""The kind `block_in_file`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.line_ends import with_ends_kept
from vigo.catalog.formats.marked_blocks import Markers, block_in, with_block, without_block
from vigo.catalog.formats.names import check_one_line, check_path, shown
from vigo.catalog.ops import Op
from vigo.catalog.resources.files.edited_text import EditedText, require_text, text_to_edit, written
from vigo.catalog.resources.files.former_part import PartFootprint, RevertiblePart
from vigo.core.errors import InvalidError


class BlockInFileSpec(Spec, frozen=True, kw_only=True):
    """Lines of a file that is otherwise not managed, between two lines that mark them."""

    path: Annotated[str, field("The file.", example="/etc/hosts", is_path=True)]
    label: Annotated[
        str,
        field("What tells the block from others in the file; it stands in its markers.", example="databases"),
    ]
    block: Annotated[
        str | None,
        field(
            "The lines; the last one needs no line feed. They get the line ends of the file.",
            example="10.0.0.1 db1\n10.0.0.2 db2\n",
            may_be_secret=True,
        ),
    ] = None
    marker_begin: Annotated[
        str | None,
        field("The line before the block instead of `# BEGIN vigo LABEL`, such as `<!-- begin databases -->`."),
    ] = None
    marker_end: Annotated[
        str | None,
        field("The line behind the block instead of `# END vigo LABEL`; give both or none."),
    ] = None
    create: Annotated[bool, field("Create the file, mode 0644, when it is missing.")] = False
    state: Annotated[Literal["present", "absent"], field("Whether the block shall be there.")] = "present"


class BlockInFile(RevertiblePart[BlockInFileSpec], Resource[BlockInFileSpec, EditedText]):
    """A new block goes to the end of the file. Moved by hand it stays where it is, as long as its markers are there.

    Where `#` begins no comment, name both markers. With state absent the markers go too.
    """

    kind, since, spec = "block_in_file", "0.1", BlockInFileSpec
    name_field = "label"
    part_field = "block"

    def validate(self, spec: BlockInFileSpec) -> None:
        """Accept markers of one line each, and a block that has none of them in it."""
        check_path("path", spec.path)
        markers = _markers(spec)
        for name, value in (("label", spec.label), ("marker_begin", markers.begin), ("marker_end", markers.end)):
            check_one_line(name, value)
            if not value.strip():
                raise InvalidError(f"{name}: expected text that tells it from other lines, found none")
        if (spec.marker_begin is None) != (spec.marker_end is None):
            raise InvalidError("marker_begin: expected marker_begin and marker_end together, found one of them")
        if markers.begin.rstrip() == markers.end.rstrip():
            raise InvalidError(f"marker_end: expected another line than marker_begin, found {shown(markers.end)} twice")
        if spec.state == "present" and spec.block is None:
            raise InvalidError("block: expected the lines that shall be there, found none; add them")
        _check_block(spec.block or "", markers)

    def observe(self, spec: BlockInFileSpec, host: ReadHost) -> EditedText:
        """Return the file's content."""
        return text_to_edit(host, spec.path, is_created=spec.create and spec.state == "present")

    def plan(self, spec: BlockInFileSpec, state: EditedText) -> Iterator[Op]:
        """Yield the whole file anew where the block is missing, another one, or still there."""
        if spec.state == "absent":
            yield from written(spec.path, state, self.with_part(state.text or "", _names(spec), None), "block")
            return
        if not spec.create:
            require_text(spec.path, state)
        yield from written(spec.path, state, self.with_part(state.text or "", _names(spec), spec.block), "block")

    def owns(self, spec: BlockInFileSpec) -> tuple[str, ...]:
        """Return the block of the path; other parts may be managed beside it."""
        return (f"part:{spec.path}:{_markers(spec).begin}",)

    def footprints(self, spec: BlockInFileSpec) -> Mapping[str, PartFootprint]:
        """Return the block."""
        (owned,) = self.owns(spec)
        return {owned: PartFootprint(owns=(owned, f"path:{spec.path}"), path=spec.path, names=_names(spec))}

    def part_in(self, text: str, names: tuple[str, ...]) -> str | None:
        """Return the block, with line feeds."""
        return block_in(text.replace("\r\n", "\n"), Markers(*names))

    def with_part(self, text: str, names: tuple[str, ...], part: str | None) -> str:
        """Return the text with another block, or without."""
        markers = Markers(*names)
        if part is None:
            return with_ends_kept(text, lambda bare: without_block(bare, markers))
        return with_ends_kept(text, lambda bare: with_block(bare, markers, part))


def _check_block(block: str, markers: Markers) -> None:
    if "\r" in block or "\0" in block:
        raise InvalidError("block: expected lines that end in line feeds, found a carriage return or NUL; remove it")
    for line in block.split("\n"):
        if line.rstrip() in (markers.begin.rstrip(), markers.end.rstrip()):
            raise InvalidError(f"block: expected no marker in it, found {shown(line)}; use another label")


def _markers(spec: BlockInFileSpec) -> Markers:
    begin = f"# BEGIN vigo {spec.label}" if spec.marker_begin is None else spec.marker_begin
    end = f"# END vigo {spec.label}" if spec.marker_end is None else spec.marker_end
    return Markers(begin, end)


def _names(spec: BlockInFileSpec) -> tuple[str, str]:
    markers = _markers(spec)
    return markers.begin, markers.end
