"""Resources that are made of secrets: what is asked for, what is told, and what happens where nobody answers."""

import msgspec

from tests.agent.engine.conftest import KINDS, ORIGIN, World, make_world
from vigo.agent.engine.engine import Engine
from vigo.catalog.api import CommandResult
from vigo.core.errors import UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Plan, PlannedResource
from vigo.core.run import ResourceResult
from vigo.core.secret_marker import SecretMarker, marker_named
from vigo.core.wire.secret_messages import Resolved
from vigo.testing.fake_host import FakeHost, FakeNode

VALUES = {"web/db": "hunter2-hunter3", "web/db#user": "app-user-name", "other": "never-asked-for"}


class Vault:
    def __init__(self, **values: str) -> None:
        self.values = {**VALUES, **values}
        self.asked: list[tuple[str, ...]] = []
        self.problem: str = ""

    def __call__(self, names: tuple[str, ...]) -> Resolved:
        self.asked.append(names)
        if self.problem:
            raise UnavailableError(self.problem)
        found = {name: self.values[name] for name in names if name in self.values}
        return Resolved(found, {name: "it is not in the vault" for name in names if name not in found})


def file(name: str, content: object, **more: object) -> PlannedResource:
    return PlannedResource(
        id=ResourceId(f"web/{name}"),
        type=str(more.pop("type", "file")),
        origin=ORIGIN,
        fields={"path": f"/{name}", **more.pop("fields", {})},  # type: ignore[dict-item]
        templates=content if isinstance(content, dict) else {"content": content},
        **more,  # type: ignore[arg-type]
    )


def apply(
    world: World, vault: Vault, *resources: PlannedResource, secrets: dict[str, tuple[str, ...]], dry_run: bool = False
) -> dict[str, ResourceResult]:
    plan = Plan(
        entry=ORIGIN,
        match=("*",),
        scopes={"web": {"pw": marker_named("web/db"), "user": marker_named("web/db#user"), "port": 80}},
        resources=resources,
        secrets={ResourceId(f"web/{name}"): names for name, names in secrets.items()},
    )
    engine = Engine(world.host, world.execute, world.clock, kinds=KINDS, resolve=vault)
    functions = {"file_exists": lambda path: world.host.stat(path) is not None}
    results = engine.apply(plan, {}, functions, dry_run=dry_run)
    for result in results:
        assert not any(value in str(msgspec.to_builtins(result)) for value in vault.values.values() if len(value) > 3)
    return {result.id.removeprefix("web/"): result for result in results}


def test_values_get_into_what_is_made_of_them_and_into_nothing_that_is_told() -> None:
    world, vault = make_world(), Vault()
    results = apply(
        world,
        vault,
        file("direct", SecretMarker("web/db")),
        file("template", "{{ vars.user | upper }}:{{ vars.pw }}@{{ vars.port }}\n"),
        file("plain", "no secret\n"),
        secrets={"direct": ("web/db",), "template": ("web/db", "web/db#user")},
    )
    assert world.host.read_text("/direct") == "hunter2-hunter3"
    assert world.host.read_text("/template") == "APP-USER-NAME:hunter2-hunter3@80\n"
    assert [result.outcome for result in results.values()] == ["changed"] * 3
    assert results["direct"].diff == "(not shown: it is made of the secret web/db)\n"
    assert "no secret" in results["plain"].diff
    assert vault.asked == [("web/db", "web/db#user")]


def test_a_value_that_looks_like_a_template_or_a_reference_is_data() -> None:
    world, vault = make_world(), Vault(**{"web/db": "{{ 7*7 }} secret:other"})
    apply(
        world,
        vault,
        file("direct", SecretMarker("web/db")),
        file("template", "{{ vars.pw }}"),
        secrets={"direct": ("web/db",), "template": ("web/db",)},
    )
    assert world.host.read_text("/direct") == world.host.read_text("/template") == "{{ 7*7 }} secret:other"


def test_nothing_is_asked_for_where_nothing_needs_it() -> None:
    world, vault = make_world(), Vault()
    skipped = file("a", "{{ vars.pw }}", conditions=(Condition("file_exists('/missing')", ORIGIN),))
    handler = file("b", "{{ vars.pw }}", only_when_notified=True)
    results = apply(world, vault, skipped, handler, file("c", "x"), secrets={"a": ("web/db",), "b": ("web/db",)})
    assert [result.outcome for result in results.values()] == ["skipped", "skipped", "changed"]
    assert vault.asked == []


def test_one_question_does_for_all_that_is_known_to_come() -> None:
    world, vault = make_world(), Vault(third="three-three-three")
    resources = [
        file("a", "{{ vars.pw }}"),
        file("b", SecretMarker("third"), conditions=(Condition("file_exists('/a')", ORIGIN),)),
        file("c", "{{ vars.user }}"),
    ]
    apply(world, vault, *resources, secrets={"a": ("web/db",), "b": ("third",), "c": ("web/db#user",)})
    # What only the first change makes apply is asked for when it is its turn.
    assert vault.asked == [("web/db", "web/db#user"), ("third",)]
    assert world.host.read_text("/b") == "three-three-three"


def test_where_nobody_answers_what_is_there_stays_and_the_reason_is_told_once_asked() -> None:
    world, vault = make_world(a="former", b="former"), Vault()
    vault.problem = "the vault is sealed"
    results = apply(
        world, vault, file("a", "{{ vars.pw }}"), file("b", "{{ vars.user }}"), file("c", "x"),
        secrets={"a": ("web/db",), "b": ("web/db#user",)},
    )  # fmt: skip
    assert [result.outcome for result in results.values()] == ["blocked", "blocked", "changed"]
    assert results["a"].reason == "expected the value of the secret web/db, found none: the vault is sealed"
    assert world.host.read_text("/a") == world.host.read_text("/b") == "former"
    assert len(vault.asked) == 1


def test_a_secret_that_is_gone_blocks_only_what_is_made_of_it() -> None:
    world, vault = make_world(), Vault()
    results = apply(
        world, vault, file("a", SecretMarker("gone")), file("b", SecretMarker("web/db")),
        secrets={"a": ("gone",), "b": ("web/db",)},
    )  # fmt: skip
    assert (results["a"].outcome, results["b"].outcome) == ("blocked", "changed")
    assert "it is not in the vault" in results["a"].reason


def test_what_another_resource_prints_of_it_is_taken_out() -> None:
    world, vault = make_world(), Vault()

    def execute(op: object) -> None:
        if getattr(op, "path", "") == "/b":
            raise UnavailableError("the validator says: line 3: hunter2-hunt is no password")
        world.host.apply(op)  # type: ignore[arg-type]

    world.execute = execute
    results = apply(world, vault, file("a", "{{ vars.pw }}"), file("b", "x"), secrets={"a": ("web/db",)})
    assert results["b"].outcome == "failed"
    assert "line 3: (secret) is no password" in results["b"].reason


def test_operations_that_are_made_of_it_say_nothing_of_what_programs_print() -> None:
    world, vault = make_world(), Vault()
    seen: list[bool] = []

    def execute(op: object) -> None:
        seen.append(op.conceals)  # type: ignore[attr-defined]
        world.host.apply(op)  # type: ignore[arg-type]

    world.execute = execute
    apply(world, vault, file("a", "{{ vars.pw }}"), file("b", "x"), secrets={"a": ("web/db",)})
    assert seen == [True, False]


def test_a_dry_run_tells_that_it_would_change_and_not_what() -> None:
    world, vault = make_world(), Vault()
    results = apply(world, vault, file("a", "{{ vars.pw }}"), secrets={"a": ("web/db",)}, dry_run=True)
    assert results["a"].outcome == "changed"
    assert world.host.read_text("/a") is None


def test_an_error_that_quotes_the_value_quotes_nothing() -> None:
    world, vault = make_world(), Vault(**{"web/db": "has:colon-and-more"})
    resource = file("u", {"password_hash": SecretMarker("web/db")}, type="user", fields={"user": "ada"})
    resource = msgspec.structs.replace(resource, fields={"user": "ada"})
    results = apply(world, vault, resource, secrets={"u": ("web/db",)})
    assert results["u"].outcome == "failed"
    assert "colon" not in results["u"].reason


def test_what_a_program_answers_that_was_given_a_secret_is_not_told() -> None:
    vault = Vault()
    told = '{"changed": true, "action": "reticnuh", "diff": "+reticnuh"}'
    for answer, outcome in ((told, "changed"), ('{"error": "reticnuh"}', "failed"), ("reticnuh", "failed")):
        world = make_world()
        world.host = FakeHost(
            {
                "/etc/vigo/executors.d/own": FakeNode(content=b"#!", mode=0o755),
                "/etc/vigo/executors.d": FakeNode.directory(),
            },
            guards={"/etc/vigo/executors.d/own": CommandResult(0, answer)},
        )
        world.execute = lambda _: None
        own = file("own", {"params": {"a": SecretMarker("web/db")}}, type="custom")
        own = msgspec.structs.replace(own, fields={"custom": "own"})
        result = apply(world, vault, own, secrets={"own": ("web/db",)}, dry_run=True)["own"]
        assert result.outcome == outcome, result
        assert "reticnuh" not in str(msgspec.to_builtins(result))
