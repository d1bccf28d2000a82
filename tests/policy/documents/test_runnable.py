"""Files that declare what operators run by a name: whatever is in them is read, or has diagnostics with a place."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigo.core.workflow import MOST_STEPS, Workflow
from vigo.policy.compiling import Compiled, Compiler
from vigo.policy.documents.named_tasks import TASK_KEYS
from vigo.policy.documents.runnable import PARAMETER_KEYS
from vigo.policy.documents.saved_queries import QUERY_KEYS
from vigo.policy.documents.targets import TARGET_KEYS
from vigo.policy.documents.workflows import STEP_KEYS, WORKFLOW_KEYS
from vigo.policy.sources import Sources

ENTRIES = 'envoys: [{match: "*", configcrates: []}]\n'
GOOD = {
    "tasks.vgo": 'tasks: {a: {description: x, command: "echo $PARAM_P", parameters: {p: {default: q}}}}\n',
    "workflows.vgo": """\
workflows:
  w:
    description: x
    target: {hosts: ["web-*"], where: "traits.os.id == 'debian'"}
    parameters: {p: {one_of: [1, 2], type: integer}}
    steps:
      - {task: a, with: {p: "{{ parameters.p }}"}, batch: 5, max_failures: 1}
      - {rolling: 10%, steps: [{push: now}, {wait: converged, within: 5m}, {check: "http://127.0.0.1/"}]}
      - {approval: Well?, approvers: [admin], four_eyes: true}
      - {pause: 5s}
""",
    "queries.vgo": "queries: {q: {description: x, expression: traits.os.id, target: web-1}}\n",
}
KEYS = st.sampled_from(
    sorted({*TASK_KEYS, *PARAMETER_KEYS, *QUERY_KEYS, *TARGET_KEYS, *STEP_KEYS, *WORKFLOW_KEYS, "a", "p", "A b"})
)
WORDS = st.sampled_from(
    [
        *("a", "now", "converged", "5", "-1", "10%", "5m", "true", "{}", "[]", "null", '""', "'*'", "'~('", "9" * 30),
        *('"{{ parameters.p }}"', '"{{ x"', '"$PARAM_P"', '"http://"', '"traits.os."', "text", "integer", "&x y", "*x"),
    ]
)


def compiled(files: dict[str, str]) -> Compiled:
    sources = Sources({name: text.encode() for name, text in {"envoys.vgo": ENTRIES, **files}.items()})
    return Compiler().compile(sources)


def check(files: dict[str, str]) -> None:
    found = compiled(files)
    for one in found.diagnostics:
        assert one.file in {"envoys.vgo", *files}, one
        assert one.line >= 1, one
    assert (found.policy is None) == any(one.severity == "error" for one in found.diagnostics)


def structured(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return WORDS
    inner = structured(depth - 1)
    maps = st.dictionaries(KEYS, inner, max_size=5).map(
        lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
    )
    return st.one_of(WORDS, maps, st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"))


def test_what_is_good_is_read() -> None:
    found = compiled(GOOD)
    assert found.diagnostics == ()
    assert found.policy is not None
    (workflow,) = found.policy.workflows().values()
    assert isinstance(workflow, Workflow)
    assert [step.kind for step in workflow.steps] == ["task", "rolling", "approval", "pause"]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["tasks", "workflows", "queries"]), structured(4))
def test_any_structure_is_read_or_has_diagnostics_with_a_place(name: str, text: str) -> None:
    check({**GOOD, f"{name}.vgo": f"{name}: {{one: {text}}}\n"})
    check({**GOOD, f"{name}.vgo": f"{name}: {text}\n"})


@given(st.data())
def test_any_change_is_read_or_has_diagnostics_with_a_place(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(GOOD)))
    pieces = re.split(r"(\s+|[\[\]{},:])", GOOD[file])
    for _ in range(data.draw(st.integers(1, 3))):
        pieces[data.draw(st.integers(0, len(pieces) - 1))] = data.draw(st.one_of(WORDS, st.text(max_size=3)))
    check({**GOOD, file: "".join(pieces)})


def test_there_are_only_so_many_steps() -> None:
    steps = ", ".join(["{pause: 1s}"] * (MOST_STEPS + 1))
    found = compiled({"workflows.vgo": f"workflows: {{w: {{description: x, steps: [{steps}]}}}}\n"})
    assert [one.code for one in found.diagnostics] == ["too-large"]
