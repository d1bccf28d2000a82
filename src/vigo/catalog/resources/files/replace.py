"""The kind `replace`."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.line_ends import with_ends_kept
from vigo.catalog.formats.names import check_path
from vigo.catalog.formats.replacements import check_replacement, count_in, replaced, search_for
from vigo.catalog.ops import Op
from vigo.catalog.resources.files.edited_text import EditedText, require_text, text_to_edit, written
from vigo.core.errors import InvalidError


class ReplaceSpec(Spec, frozen=True, kw_only=True):
    """What a regular expression finds in the lines of a file, replaced by something else."""

    path: Annotated[str, field("The file.", example="/etc/default/grub", is_path=True)]
    pattern: Annotated[
        str,
        field(
            "A regular expression, held against each line without its end. Ones that may take very long are refused,"
            " and so are look-ahead, look-behind and back-references.",
            example=r"^(GRUB_TIMEOUT)=[1-9].*",
            min_length=1,
        ),
    ]
    replacement: Annotated[
        str,
        field(
            r"What takes the place of each match; `\1` or `\g<name>` stand for what a group found, `\n` begins a new"
            " line.",
            example=r"\1=0",
        ),
    ] = msgspec.field(name="with")
    count: Annotated[
        Annotated[int, msgspec.Meta(ge=1)] | None,
        field("The most matches that there may be; where more are found nothing is replaced.", example=1),
    ] = None


class Replace(Resource[ReplaceSpec, EditedText]):
    """It is done when the pattern finds nothing, so it must not find what takes its matches' place: that is an error.

    Patterns that may take very long are refused, and so are look-ahead, look-behind and back-references.
    """

    kind, since, spec = "replace", "0.1", ReplaceSpec

    def validate(self, spec: ReplaceSpec) -> None:
        """Accept a quick expression and groups that are there."""
        check_path("path", spec.path)
        if "\0" in spec.replacement or "\r" in spec.replacement:
            raise InvalidError("with: expected text without carriage returns and NUL, found one; remove it")
        check_replacement(search_for(spec.pattern), spec.replacement)

    def observe(self, spec: ReplaceSpec, host: ReadHost) -> EditedText:
        """Return the file's content."""
        return text_to_edit(host, spec.path)

    def plan(self, spec: ReplaceSpec, state: EditedText) -> Iterator[Op]:
        """Yield the whole file anew where the pattern finds something."""
        require_text(spec.path, state, has_option=False)
        text, search = state.text or "", search_for(spec.pattern)
        found = count_in(text.replace("\r\n", "\n"), search)
        if spec.count is not None and found > spec.count:
            raise InvalidError(
                f"count: expected at most {spec.count} matches in {spec.path}, found {found}; nothing is replaced:"
                " make the pattern narrower or count greater"
            )
        if found:
            after = with_ends_kept(text, lambda bare: replaced(bare, search, spec.replacement))
            yield from written(spec.path, state, after, "pattern")

    def owns(self, spec: ReplaceSpec) -> tuple[str, ...]:
        """Return the pattern of the path; other parts may be managed beside it."""
        return (f"part:{spec.path}:{spec.pattern}",)

    def cannot_undo(self, spec: ReplaceSpec) -> str:
        """Say that what stood there is not known any more."""
        del spec
        return "what was replaced is not brought back: which text it was cannot be told afterwards"
