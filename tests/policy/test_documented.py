"""docs/language.md: its examples compile, its messages are what the compiler prints, its tables are complete.

The files of one section are one folder of stacks; a comment that is a path begins a file, at the start of a block or
inside it. Where a section has no hostcrate, every machine gets all its configcrates. A `text` block holds the
diagnostics, all of them; a block that begins with `# gives HOST` holds fields of what that host gets.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import yaml

from tests.gates.tree import text
from tests.policy.conftest import by_name, compiled, plan_of, policy_of, resources
from vigo.agent.engine.engine import Engine
from vigo.agent.predicates import predicates
from vigo.catalog.ops import RemoveFile
from vigo.catalog.scan import resource_kinds
from vigo.core.conditions import PREDICATES
from vigo.core.templates import FUEL, Templates
from vigo.policy.diagnostics import MOST_DIAGNOSTICS, as_text
from vigo.policy.documents import configcrates, environments, hostcrates, roles
from vigo.policy.options import OPTIONS
from vigo.policy.resources import MOST_RESOURCES
from vigo.policy.sources import MOST_BYTES, MOST_FILES
from vigo.policy.yaml_tree import DEEPEST, MOST_NODES
from vigo.policy.yaml_tree import MOST_BYTES as MOST_BYTES_OF_A_FILE
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

PAGE = text("docs/language.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# In a block a line that begins with `#` is a comment.
BLANKED = BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), PAGE)
TITLE = re.compile(r"^#+ (.+)\n", re.MULTILINE)
FILE = re.compile(r"^# ([\w.-]+(?:/[\w.-]+)+|[\w-]+\.vgo)\n", re.MULTILINE)
GIVES = re.compile(r"# gives (\S+)\n")
CONFIGCRATE = re.compile(r"^configcrate: (\S+)$", re.MULTILINE)
TRAITS = {
    "os": {"id": "ubuntu", "family": "debian", "version": "12"},
    "network": {"hostname": "web-1", "fqdn": "web-1.example.com", "dns": ["192.0.2.53"]},
    "memory": {"total_bytes": 4_000_000_000},
    "time": {"zone": "UTC"},
}


def sections() -> Iterator[tuple[str, str]]:
    """Yield the title and the text of each section."""
    titles = list(TITLE.finditer(BLANKED))
    ends = [title.start() for title in titles[1:]] + [len(PAGE)]
    for title, end in zip(titles, ends, strict=True):
        yield title[1], PAGE[title.end() : end]


SECTIONS = dict(sections())


def stacks(section: str) -> dict[str, str]:
    """Return the files of a section by their paths."""
    found: dict[str, str] = {}
    for language, block in BLOCK.findall(section):
        parts = FILE.split(block) if language != "text" and FILE.match(block) else []
        found |= {path: content.rstrip("\n") + "\n" for path, content in zip(parts[1::2], parts[2::2], strict=True)}
    if found and not any(re.search("^envoys:", content, re.MULTILINE) for content in found.values()):
        crates = [name for content in found.values() for name in CONFIGCRATE.findall(content)]
        found["envoys.vgo"] = f'envoys: [{{match: "*", configcrates: [{", ".join(crates)}]}}]\n'
    return found


WITH_STACKS = [title for title, section in SECTIONS.items() if stacks(section)]


def rows(section: str) -> list[list[str]]:
    """Return the cells of the first table of a section, without its head."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def machine_with(package: str, *files: str) -> FakeHost:
    """Return a Debian under systemd whose archive has one package with a service; the files are there already."""
    tools = (FakePackages("apt", {}, {package: "1"}), FakeServices({f"{package}.service": FakeUnit()}))
    return FakeHost(dict.fromkeys((*files, "/run/systemd/system/x"), ""), tools=tools)


def changed_on(host: FakeHost, title: str, hostname: str) -> list[str]:
    """Apply a section's stacks; return the resources that changed."""
    plan = plan_of(compiled(stacks(SECTIONS[title])), hostname)
    functions = predicates(host, TRAITS, FakeClock())
    results = Engine(host, host.apply, FakeClock(), kinds=resource_kinds()).apply(plan, TRAITS, functions)
    assert {one.outcome for one in results} <= {"changed", "unchanged", "skipped"}
    return [str(one.id) for one in results if one.outcome == "changed"]


@pytest.mark.parametrize("title", WITH_STACKS)
def test_an_example_compiles_with_the_messages_that_the_page_shows(title: str) -> None:
    shown = "".join(block for language, block in BLOCK.findall(SECTIONS[title]) if language == "text")
    assert as_text(compiled(stacks(SECTIONS[title])).diagnostics) == shown


@pytest.mark.parametrize("title", [title for title in WITH_STACKS if "# gives " in SECTIONS[title]])
def test_an_example_gives_what_the_page_says(title: str) -> None:
    for _, block in BLOCK.findall(SECTIONS[title]):
        if host := GIVES.match(block):
            found = by_name(compiled(stacks(SECTIONS[title])), host[1])
            told = yaml.safe_load(block)
            assert {id_: {name: found[id_].fields.get(name) for name in told[id_]} for id_ in told} == told


def test_every_block_is_tried() -> None:
    untried = [
        block
        for language, block in BLOCK.findall(PAGE)
        if language != "text" and not FILE.match(block) and not GIVES.match(block)
    ]
    assert untried == [], "begin it with a comment that is its path in the stacks"


def test_a_machine_does_what_the_first_section_says() -> None:
    host = machine_with("nginx", "/etc/nginx/conf.d/default.conf")
    assert changed_on(host, "In ten minutes", "web-1.example.com") == [
        "web/nginx",
        "web/conf",
        "web/reload",
        "web/running",
    ]
    done = [op.summary() for op in host.applied]
    assert [one for one in done if one.startswith("write")] == ["write /etc/nginx/conf.d/site.conf"]
    assert done[-1] == "run systemctl reload -- nginx.service"
    assert "listen 443;\n    server_name web-1.example.com;" in (host.read_text("/etc/nginx/conf.d/site.conf") or "")
    assert changed_on(host, "In ten minutes", "web-1.example.com") == []
    host.apply(RemoveFile(path="/etc/nginx/conf.d/site.conf"))
    assert changed_on(host, "In ten minutes", "web-1.example.com") == ["web/conf", "web/reload"]


def test_handlers_run_when_the_page_says() -> None:
    host = machine_with("haproxy", "/etc/haproxy/README")
    changed_on(host, "Notifications", "any")
    done = [op.summary() for op in host.applied]
    assert done[-3:] == [
        "write /etc/haproxy/haproxy.cfg",
        "run rm -rf /var/cache/haproxy",
        "run systemctl start -- haproxy.service",
    ]
    assert changed_on(host, "Notifications", "any") == []


def test_a_rendered_template_has_no_line_for_a_tag() -> None:
    host = FakeHost({"/etc/hostname": "a"})
    changed_on(host, "Templates", "any")
    assert host.read_text("/etc/resolv.conf") == "search example.com\nnameserver 192.0.2.53\noptions rotate\n"


def test_the_configcrates_of_an_entry_stand_in_the_order_that_the_page_says() -> None:
    policy = policy_of(compiled(stacks(SECTIONS["Roles, environments, common.vgo"])))
    assert [policy.plan(entry).configcrates for entry in policy.entries] == [("motd", "postgres", "apt-keys", "backup")]


def test_every_key_of_a_file_is_named() -> None:
    keys = [set(re.findall(r"`(\w+)`", row[2])) for row in rows("The files") if len(row) > 2]
    declared = (configcrates.KEYS, roles.KEYS, environments.KEYS, hostcrates.KEYS, hostcrates.COMMON_KEYS)
    assert [found for found in keys if found] == [set(one) for one in declared]


def test_every_option_of_a_resource_has_its_row() -> None:
    assert {row[0].strip("`") for row in rows("Options of every resource")} == set(OPTIONS)


def test_every_predicate_has_its_row_with_its_arguments_and_its_example() -> None:
    assert [(row[0].strip("`"), row[2].strip("`")) for row in rows("Predicates")] == [
        (f"{name}({', '.join(one.arguments)})", one.example) for name, one in PREDICATES.items()
    ]


@pytest.mark.parametrize("row", rows("Predicates"), ids=lambda row: row[0])
def test_a_predicate_takes_what_the_page_says(row: list[str]) -> None:
    example = row[2].strip("`")
    assert as_text(resources(f'- {{name: a, type: file, path: /a, when: "{example}"}}').diagnostics) == ""
    host = FakeHost({"/proc/net/tcp": ""}, tools=(FakePackages("apt", {}, {}),))
    bound = predicates(host, TRAITS, FakeClock(datetime(2026, 3, 1, 23, 0, tzinfo=UTC)))
    assert Templates(bound).evaluate(example, {"traits": TRAITS}) in (True, False)


def test_the_limits_are_those_of_the_code() -> None:
    assert [row[1] for row in rows("Limits")] == [
        f"{MOST_FILES:,}; {MOST_BYTES >> 20} MiB",
        f"{MOST_BYTES_OF_A_FILE >> 20} MiB, {DEEPEST} levels, {MOST_NODES:,} values with aliases written out",
        f"{MOST_RESOURCES:,}",
        f"{MOST_DIAGNOSTICS:,}; the rest is counted",
        f"{FUEL:,}",
    ]


def test_what_the_page_refers_to_is_there() -> None:
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
    assert "options-of-every-resource" in anchors, "docs/kinds.md refers to it"
