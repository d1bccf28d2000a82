"""The kind `yaml_file`."""

from vigo.catalog.api import Resource
from vigo.catalog.formats.yaml_text import YamlFormat
from vigo.catalog.resources.files.edited_text import EditedText
from vigo.catalog.resources.files.pointed_value import PointedValue, PointedValueSpec


class YamlFileSpec(PointedValueSpec, frozen=True, kw_only=True):
    """One value of a YAML file that is otherwise not managed."""


class YamlFile(PointedValue, Resource[PointedValueSpec, EditedText]):
    """The rest stays byte for byte; what YAML 1.1 and 1.2 read differently (`yes`, 0755) is written so that both agree.

    Without quotes it equals no value. A new key goes behind the last one, in block style unless braces surround it.
    Where an edit would change something else too, as behind an anchor, it is refused. One document a file, at most
    1 MiB. Lists, absent and null: as for json_file.
    """

    kind, since, spec = "yaml_file", "0.1", YamlFileSpec
    format = YamlFormat()
