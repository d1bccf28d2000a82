"""What the compiler writes, the agent's engine can apply: the two sides meet here without a server between them."""

from tests.policy.conftest import compiled, plan_of
from vigo.agent.engine.engine import Engine
from vigo.catalog.scan import resource_kinds
from vigo.core.plan import Plan
from vigo.core.run import ResourceResult
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost

FUNCTIONS = {"os_family": lambda name: name == "debian", "os_id": lambda _: False}
TRAITS = {"os": {"family": "debian"}, "network": {"hostname": "web-1"}}

STACKS = {
    "configcrates/web.vgo": """
configcrate: web
vars: {port: 8080, sites: {shop: 1, blog: 2}}
resources:
  - {name: restart, type: exec, command: [restart], subscribes: [conf]}
  - {name: folder, type: directory, path: /etc/web}
  - name: "site {{ key }}"
    foreach: "{{ vars.sites }}"
    type: file
    path: /etc/web/{{ key }}
    content: "{{ key }} {{ item }} {{ vars.port }} {{ traits.network.hostname }}\\n"
    depends_on: [folder]
    before: [conf]
  - {name: conf, type: file, path: /etc/web.conf, source: templates/conf}
  - {name: suse, type: file, path: /etc/suse, when: "os_family('suse')"}
  - {name: big, type: file, path: /etc/big, content: x, when: "vars.port > 1024 and os_family('debian')"}
""",
    "configcrates/debian.vgo": "configcrate: debian\nresources: [{name: a, type: file, path: /etc/deb, content: x}]\n",
    "configcrates/other.vgo": "configcrate: other\nresources: [{name: a, type: file, path: /etc/other, content: x}]\n",
    "roles.vgo": """
roles:
  web:
    configcrates: [web]
    case:
      - {when: "os_family('debian')", configcrates: [debian]}
      - {when: "os_id('alpine')", configcrates: [other]}
""",
    "templates/conf": "{{ vars.port }}\n{% for name in vars.sites %}\n{{ name }}\n{% endfor %}\n",
    "envoys.vgo": 'envoys: [{match: "*", roles: [web]}]',
}


def applied(plan: Plan, host: FakeHost) -> dict[str, ResourceResult]:
    engine = Engine(host, host.apply, FakeClock(), kinds=resource_kinds())
    return {str(one.id): one for one in engine.apply(plan, TRAITS, FUNCTIONS)}


def test_a_machine_converges_to_what_the_stacks_say() -> None:
    plan = plan_of(compiled(STACKS))
    host = FakeHost({"/etc/hostname": "web-1"})
    first = applied(plan, host)
    assert {name: (one.outcome, one.reason) for name, one in first.items() if one.outcome != "changed"} == {
        "web/suse": ("skipped", "its condition is false: os_family('suse')"),
        "other/a": ("skipped", "its condition is false: os_id('alpine')"),
    }
    assert host.read_text("/etc/web/shop") == "shop 1 8080 web-1\n"
    assert host.read_text("/etc/web.conf") == "8080\nshop\nblog\n"
    second = applied(plan, host)
    assert {one.outcome for one in second.values()} == {"unchanged", "skipped"}
    assert second["web/restart"].reason == "not notified"


def test_the_order_of_the_plan_is_the_order_of_the_work() -> None:
    assert [str(one.id) for one in plan_of(compiled(STACKS)).resources] == [
        "web/folder",
        "web/site shop",
        "web/site blog",
        "web/conf",
        "web/restart",
        "web/suse",
        "web/big",
        "debian/a",
        "other/a",
    ]
