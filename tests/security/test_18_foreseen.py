"""Whatever way a template takes to a secret, the plan foresaw it: the value is written, never a marker or another's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.engine.conftest import KINDS, make_world
from tests.policy.conftest import compiled
from vigo.agent.engine.engine import Engine
from vigo.core.plan import Plan
from vigo.core.wire.secret_messages import Resolved

VARS = """\
configcrate: web
vars:
  one: secret:app/one
  k: x
  n: 1
  m:
    x: secret:app/two
    y: plain
    l: [secret:app/three, p, {z: secret:app/four#part}]
  flag: true
"""
VALUES = {"app/one": "Value-One", "app/two": "Value-Two", "app/three": "Value-Three", "app/four#part": "Value-Four"}
PIECES = (
    "{{ vars.one }}",
    "{{ vars['one'] | upper }}",
    "{{ vars.m.x }}",
    "{{ vars.m[vars.k] }}",
    "{{ vars['m']['x'] ~ vars.one }}",
    "{% for v in vars.m.l %}{{ v }};{% endfor %}",
    "{{ vars.m.l | join(',') }}",
    "{{ vars.m.l | first }}{{ vars.m.l | last }}",
    "{{ vars.m.l[vars.n - 1] }}",
    "{{ vars.m.l[2].z }}",
    "{{ vars.m | tojson }}",
    "{% for k, v in vars.m | items %}{{ k }}={{ v }}\\n{% endfor %}",
    "{% set q = vars.m %}{{ q.x }}{{ q['l'][0] }}",
    "{% if vars.flag %}{{ vars.m.x }}{% else %}{{ vars.one }}{% endif %}",
    "{{ vars.nothing | default(vars.one) }}",
    "{{ vars.m.nothing | default(vars.m.x, true) }}",
    "{% macro f(t) %}{{ t.x }}{% endmacro %}{{ f(vars.m) }}",
    "{% with w = vars.m %}{{ w.x | length }}{{ w.x }}{% endwith %}",
    "{{ vars.m.x if vars.k == 'x' else 'no' }}",
    "{{ (vars.m.l | list)[0] }}",
    "{{ [vars.one, vars.m.x] | sort | join }}",
    "{{ {'a': vars.one}.a }}",
    "{% for name in ['one'] %}{{ vars[name] }}{% endfor %}",
    "{{ vars.m.y }}",
    "{{ vars.k }}",
    "{{ vars | length }}",
    "{{ vars }}",
    "{% set all = vars %}{{ all.one }}{{ all['m'].x }}",
    "no secret",
)


def _plan(template: str) -> Plan | None:
    resource = f'resources:\n  - name: f\n    type: file\n    path: /f\n    mode: 0600\n    content: "{template}"\n'
    envoys = "envoys:\n  - {match: '*', configcrates: [web]}\n"
    found = compiled({"configcrates/web.vgo": VARS + resource, "envoys.vgo": envoys})
    return None if found.policy is None else found.policy.plan(found.policy.entries[0])


def _written(plan: Plan) -> tuple[str, str | None]:
    """Return the outcome, and what the file holds. Nobody answers for a secret that the plan does not name."""
    world, named = make_world(), plan.secret_names()

    def resolve(names: tuple[str, ...]) -> Resolved:
        assert set(names) <= named
        return Resolved({name: VALUES[name] for name in names})

    engine = Engine(world.host, world.execute, world.clock, kinds=KINDS, resolve=resolve)
    (result,) = engine.apply(plan, {}, {})
    return f"{result.outcome} {result.reason}", world.host.read_text("/f")


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join))
def test_18_a_template_never_meets_a_secret_that_the_plan_does_not_name(template: str) -> None:
    plan = _plan(template)
    if plan is None:
        return  # refused when it is published: that is as good
    outcome, content = _written(plan)
    assert outcome.startswith("changed"), (template, outcome)
    assert content is not None
    assert "secret:" not in content, (template, content)
    assert "SecretMarker" not in content, (template, content)
    named = {VALUES[name].upper() for name in plan.secret_names()}
    shown = {value.upper() for value in VALUES.values() if value.upper() in content.upper()}
    assert shown <= named, (template, content)


@pytest.mark.parametrize("piece", PIECES)
def test_18_each_way_to_a_secret_is_foreseen_or_refused(piece: str) -> None:
    plan = _plan(piece)
    if plan is not None:
        outcome, content = _written(plan)
        assert outcome.startswith("changed"), outcome
        assert "secret:" not in str(content)


def test_18_most_ways_are_no_errors() -> None:
    accepted = [piece for piece in PIECES if _plan(piece) is not None]
    assert len(accepted) > len(PIECES) // 2, set(PIECES) - set(accepted)
