"""The kind `json_file`."""

from vigo.catalog.api import Resource
from vigo.catalog.formats.json_text import JsonFormat
from vigo.catalog.resources.files.edited_text import EditedText
from vigo.catalog.resources.files.pointed_value import PointedValue, PointedValueSpec


class JsonFileSpec(PointedValueSpec, frozen=True, kw_only=True):
    """One value of a JSON file that is otherwise not managed."""


class JsonFile(PointedValue, Resource[PointedValueSpec, EditedText]):
    """The rest stays byte for byte; a file that has comments, or a name twice in one map, is refused.

    A new member goes behind the last one, laid out as its neighbours are. 1 and 1.0 are two values. Items of
    a list are set by number, the next number adds one; with state absent only keys of maps go. A key whose value is
    null counts as an empty map where the pointer leads through it.
    """

    kind, since, spec = "json_file", "0.1", JsonFileSpec
    format = JsonFormat()
