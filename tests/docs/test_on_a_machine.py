"""What the guide says that a machine does, done by the agent's own engine."""

from tests.docs.pages import section
from tests.policy.conftest import compiled, plan_of, policy_of
from vigo.agent.engine.engine import Engine
from vigo.agent.predicates import predicates
from vigo.catalog.ops import RemoveFile
from vigo.catalog.scan import resource_kinds
from vigo.core.run import ResourceResult
from vigo.core.traits import Traits
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

TRAITS: Traits = {
    "os": {"id": "ubuntu", "family": "debian", "version": "12"},
    "network": {"hostname": "web-1", "fqdn": "web-1.example.com", "dns": ["192.0.2.53"]},
    "memory": {"total_bytes": 4_000_000_000},
    "time": {"zone": "UTC"},
}


def machine_with(package: str, *files: str) -> FakeHost:
    """Return a Debian under systemd whose archive has one package with a service; the files are there already."""
    tools = (FakePackages("apt", {}, {package: "1"}), FakeServices({f"{package}.service": FakeUnit()}))
    return FakeHost(dict.fromkeys((*files, "/run/systemd/system/x"), ""), tools=tools)


def applied(host: FakeHost, page: str, title: str, hostname: str = "any") -> dict[str, ResourceResult]:
    """Apply a section's stacks to a machine."""
    plan = plan_of(compiled(section(page, title).stacks), hostname)
    functions = predicates(host, TRAITS, FakeClock())
    results = Engine(host, host.apply, FakeClock(), kinds=resource_kinds()).apply(plan, TRAITS, functions)
    return {str(one.id): one for one in results}


def changed_on(host: FakeHost, page: str, title: str, hostname: str = "any") -> list[str]:
    """Apply a section's stacks, of which nothing fails; return the resources that changed."""
    results = applied(host, page, title, hostname)
    assert {one.outcome for one in results.values()} <= {"changed", "unchanged", "skipped"}
    return [id_ for id_, one in results.items() if one.outcome == "changed"]


def test_a_machine_does_what_the_first_ten_minutes_say() -> None:
    host = machine_with("nginx", "/etc/nginx/conf.d/default.conf")
    first = ("README.md", "In ten minutes", "web-1.example.com")
    assert changed_on(host, *first) == ["web/nginx", "web/conf", "web/reload", "web/running"]
    done = [op.summary() for op in host.applied]
    assert [one for one in done if one.startswith("write")] == ["write /etc/nginx/conf.d/site.conf"]
    assert done[-1] == "run systemctl reload -- nginx.service"
    assert "listen 443;\n    server_name web-1.example.com;" in (host.read_text("/etc/nginx/conf.d/site.conf") or "")
    assert changed_on(host, *first) == []
    host.apply(RemoveFile(path="/etc/nginx/conf.d/site.conf"))
    assert changed_on(host, *first) == ["web/conf", "web/reload"]


def test_handlers_run_when_the_page_says() -> None:
    host = machine_with("haproxy", "/etc/haproxy/README")
    changed_on(host, "notifications.md", "Notifications")
    done = [op.summary() for op in host.applied]
    assert done[-3:] == [
        "write /etc/haproxy/haproxy.cfg",
        "run rm -rf /var/cache/haproxy",
        "run systemctl start -- haproxy.service",
    ]
    assert changed_on(host, "notifications.md", "Notifications") == []


def test_two_that_notify_one_handler_are_one_reload() -> None:
    host = machine_with("web", "/etc/x")
    assert changed_on(host, "notifications.md", "A handler runs when it was notified") == [
        "web/conf",
        "web/users",
        "web/reload",
    ]
    assert [op.summary() for op in host.applied if "systemctl" in op.summary()] == [
        "run systemctl start -- web.service"
    ]


def test_a_failure_skips_what_depends_on_it_and_nothing_else() -> None:
    host = machine_with("another", "/etc/x")
    results = applied(host, "order.md", "Order and failure")
    assert {id_: one.outcome for id_, one in results.items()} == {
        "app/app": "failed",
        "app/folder": "skipped",
        "app/conf": "skipped",
        "app/motd": "changed",
    }
    assert results["app/folder"].reason == "skipped because app/app failed"


def test_a_rendered_template_has_no_line_for_a_tag() -> None:
    host = FakeHost({"/etc/hostname": "a"})
    changed_on(host, "templates.md", "Templates")
    assert host.read_text("/etc/resolv.conf") == "search example.com\nnameserver 192.0.2.53\noptions rotate\n"


def test_the_configcrates_of_an_entry_stand_in_the_order_that_the_page_says() -> None:
    policy = policy_of(compiled(section("roles.md", "Roles, environments, common.vgo").stacks))
    assert [policy.plan(entry).configcrates for entry in policy.entries] == [("motd", "postgres", "apt-keys", "backup")]
