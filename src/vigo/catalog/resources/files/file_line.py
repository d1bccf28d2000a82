"""The kind `file_line`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.lines import Region, with_line, without_lines
from vigo.catalog.formats.names import check_one_line, check_path
from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.resources.files.attributes import require_one_name, require_parent
from vigo.catalog.resources.files.former_lines import LineFootprint, RevertibleLine
from vigo.core.errors import BlockedError, InvalidError


class FileLineSpec(Spec, frozen=True, kw_only=True):
    """One line of a file that is otherwise not managed."""

    path: Annotated[str, field("The file.", example="/etc/ssh/sshd_config", is_path=True)]
    line: Annotated[
        str | None, field("The whole line, without its end.", example="PermitRootLogin no", may_be_secret=True)
    ] = None
    match: Annotated[
        str | None,
        field(
            "A regular expression: the one line that it finds becomes `line`. With state absent all that it finds go.",
            example="^#?PermitRootLogin ",
        ),
    ] = None
    create: Annotated[bool, field("Create the file, mode 0644, when it is missing.")] = False
    position: Annotated[Literal["end", "start"], field("Where in the file or region a new line goes.")] = "end"
    region_start: Annotated[
        str | None, field("A regular expression: only lines behind the first that it finds count.")
    ] = None
    region_end: Annotated[
        str | None, field("A regular expression: only lines before the next that it finds count.")
    ] = None
    state: Annotated[Literal["present", "absent"], field("Whether the line shall be there.")] = "present"


class FileLineState(msgspec.Struct, frozen=True):
    """The file as it is; undecodable bytes are kept as surrogates."""

    stat: FileStat | None
    text: str | None


class FileLine(RevertibleLine[FileLineSpec], Resource[FileLineSpec, FileLineState]):
    """The line counts as there wherever it stands in the region; the rest of the file stays byte for byte."""

    kind, since, spec = "file_line", "0.1", FileLineSpec

    def validate(self, spec: FileLineSpec) -> None:
        """Accept one line and expressions that compile."""
        check_path("path", spec.path)
        _pattern("match", spec.match)
        for name in ("region_start", "region_end"):
            marker = _pattern(name, getattr(spec, name))
            if marker is not None and spec.line is not None and marker.search(spec.line):
                raise InvalidError(
                    f"{name}: expected an expression that does not find the line itself, found one that does:"
                    " the line would move the region; make it narrower"
                )
        if spec.line is not None:
            check_one_line("line", spec.line)
        if spec.state == "present" and spec.line is None:
            raise InvalidError("line: expected the line that shall be there, found none; add it")
        if spec.line is None and spec.match is None:
            raise InvalidError("line: expected line or match to say what shall be absent, found neither")

    def observe(self, spec: FileLineSpec, host: ReadHost) -> FileLineState:
        """Return the file's content."""
        stat = host.stat(spec.path)
        if stat is None:
            if spec.create and spec.state == "present":
                require_parent(host, spec.path)
            return FileLineState(None, None)
        if stat.kind != "file":
            target = f" to {host.read_link(spec.path)}; name that path" if stat.kind == "symlink" else ""
            raise InvalidError(f"path: expected a regular file at {spec.path}, found a {stat.kind}{target}")
        content = host.read_bytes(spec.path)
        return FileLineState(stat, None if content is None else content.decode(errors="surrogateescape"))

    def plan(self, spec: FileLineSpec, state: FileLineState) -> Iterator[Op]:
        """Yield the whole file anew where the line is missing, or still there."""
        if spec.state == "present" and state.text is None and not spec.create:
            raise BlockedError(f"path: expected a file at {spec.path}, found none; set create: true or make it first")
        before = state.text or ""
        after = _edited(spec, before)
        if after != before:
            require_one_name(spec.path, state.stat)
            changes = ("line",) if state.text is not None else ("state", "line")
            yield WriteFile(path=spec.path, content=after.encode(errors="surrogateescape"), changes=changes)

    def owns(self, spec: FileLineSpec) -> tuple[str, ...]:
        """Return the line of the path; other lines may be managed beside it."""
        return (f"line:{spec.path}:{spec.line if spec.line is not None else spec.match}",)

    def footprints(self, spec: FileLineSpec) -> Mapping[str, LineFootprint]:
        """Return the line. With another text it is another thing, which may have taken the place of this one."""
        (owned,) = self.owns(spec)
        footprint = LineFootprint(
            owns=(owned, f"path:{spec.path}"),
            chain=spec.path,
            path=spec.path,
            line=spec.line,
            match=spec.match,
            region_start=spec.region_start,
            region_end=spec.region_end,
        )
        return {owned: footprint}


def _edited(spec: FileLineSpec, text: str) -> str:
    region = Region(_pattern("region_start", spec.region_start), _pattern("region_end", spec.region_end))
    match = _pattern("match", spec.match)
    if spec.state == "absent":
        return without_lines(text, spec.line, match, region) if text else text
    return with_line(text, spec.line or "", match, spec.position, region)


def _pattern(field_name: str, text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidError(
            f"{field_name}: expected a regular expression, found {text!r}: {error}; correct it"
        ) from error
