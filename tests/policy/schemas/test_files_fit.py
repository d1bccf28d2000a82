"""Every file that the compiler takes fits its schema: an editor must not mark what is right."""

import pytest

from tests.policy.every_stacks import every_stacks
from tests.policy.schemas.judge import misfits
from vigo.core.secret_marker import written
from vigo.policy.compiling import compile_stacks
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.documents import stacks
from vigo.policy.documents.reading import Reading
from vigo.policy.schemas.pages import schema_for, schemas
from vigo.policy.sources import Sources


@pytest.mark.parametrize("name", every_stacks())
def test_a_file_without_errors_fits_its_schema(name: str) -> None:
    found = every_stacks()[name]
    wrong = {one.file for one in compile_stacks(Sources(found)).diagnostics if one.severity == "error"}
    # As an editor does, this reads values by YAML 1.2, whatever type the field has.
    reading = Reading(found, Findings(SourceLines(found)))
    for file in sorted(found.keys() - wrong):
        schema = schema_for(file)
        tree = None if schema is None else reading.tree(file)
        if schema is not None and tree is not None:
            assert list(misfits(written(reading.plain(tree)), schemas()[schema], schemas()[schema])) == [], file


def test_the_judge_refuses_what_a_schema_does_not_allow() -> None:
    root = schemas()["configcrate"]
    misspelt = {"name": "a", "type": "file", "path": "/a", "mod": "0644"}
    assert list(misfits({"configcrate": "a", "resources": [misspelt]}, root, root)) == [
        "$.resources[0].mod: nothing fits"
    ]
    assert list(misfits({"resources": 1}, root, root)) == [
        "$: lacks configcrate",
        "$.resources: expected ['array', 'null'], found 1",
    ]
    of_no_kind = {"configcrate": "a", "resources": [{"name": "a", "type": "fil"}]}
    assert list(misfits(of_no_kind, root, root)) == ["$.resources[0].type: 'fil' is another word"]


def test_a_file_has_the_schema_of_what_the_compiler_takes_it_for() -> None:
    names = {file for found in every_stacks().values() for file in found}
    same = {"role": "roles", "hostcrate": "hostcrates", "test": "tests", "": None, "wrong suffix": None}
    for file in sorted(names | {"a/roles.vgo", "a/tests/b.vgo", "b/common.vgo", "roles/a/b.vgo", "files/a.vgo"}):
        kind = stacks._kind_of(file)
        own = {
            "environments.vgo": "environments",
            "compliance.vgo": "compliance",
            "scrier.vgo": "scrier",
            "tasks.vgo": "tasks",
            "workflows.vgo": "workflows",
            "queries.vgo": "queries",
        }.get(file)
        assert schema_for(file) == (own or same.get(kind, kind)), file
