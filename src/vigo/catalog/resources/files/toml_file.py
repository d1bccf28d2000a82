"""The kind `toml_file`."""

from vigo.catalog.api import Resource
from vigo.catalog.formats.toml_text import TomlFormat
from vigo.catalog.resources.files.edited_text import EditedText
from vigo.catalog.resources.files.pointed_value import PointedValue, PointedValueSpec


class TomlFileSpec(PointedValueSpec, frozen=True, kw_only=True):
    """One value of a TOML file that is otherwise not managed."""


class TomlFile(PointedValue, Resource[PointedValueSpec, EditedText]):
    """The rest stays byte for byte, dates and times too; a value cannot be one, nor null.

    A new key goes behind the others of its section, a map becomes a section. Items of a list
    are set by number, the next number adds one; with state absent only keys and sections go.
    """

    kind, since, spec = "toml_file", "0.1", TomlFileSpec
    format = TomlFormat()
