"""What a plan says before a publication, and what the machine then does."""

from pathlib import Path
from typing import Any

from tests.e2e.world import Envoy, Server, crate, entries, outcomes

BASE = '{name: base, type: file, path: /etc/base, content: "base\\n"}'
OLD = '{name: old, type: file, path: /etc/old, content: "old\\n"}'
MOTD = '{name: motd, type: file, path: /etc/motd, content: "ours\\n", on_remove: revert}'
NAMED = '{name: named, type: file, path: /etc/named, content: "{{ traits.network.hostname }} %s\\n"}'
ON_ALPINE = "{name: alpine, type: file, path: /etc/alpine, content: x, when: \"os_id('alpine')\"}"
LOCKED = "{name: locked, type: file, path: /etc/locked, content: x, when: \"file_exists('/etc/lock')\"}"


def changes(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what becomes of each resource by its name; the plan is about one envoy."""
    return {one["id"]: one for group in plan["groups"] for one in group["resources"]}


def test_a_plan_from_real_traits_is_what_then_happens_on_the_machine(server: Server, folder: Path) -> None:
    before = crate("app", BASE, OLD, MOTD, NAMED % "one", ON_ALPINE) | entries(plan_x="app")
    number = server.publish(before)
    envoy = Envoy("plan-1", folder, server).enrol()
    envoy.write("etc/os-release", "ID=debian\nVERSION_ID=12\n")
    envoy.write("etc/motd", "theirs\n")
    envoy.run()
    nothing = server.cli("config", "plan", "--host", "plan-1")
    assert (nothing.status, nothing.err) == (0, "")
    assert nothing.out == f"nothing changes for 1 envoy when the stacks take the place of generation {number}\n"

    server.write_stacks(
        crate("app", BASE, NAMED % "two", ON_ALPINE.replace("x,", "y,"), LOCKED) | entries(plan_x="app")
    )
    told = server.cli("config", "plan", "--host", "plan-1")
    assert told.status == 4
    assert "  - app/old     file  /etc/old: left as it is, no longer managed\n" in told.out
    plan = server.get("/api/v1/plan?host=plan-1")
    assert plan["live"]["number"] == number
    assert {id_: one["action"] for id_, one in changes(plan).items()} == {
        "app/old": "removed",
        "app/motd": "removed",
        "app/named": "changed",
        "app/locked": "added",
    }
    assert (changes(plan)["app/old"]["fate"], changes(plan)["app/motd"]["fate"]) == ("left", "undone")
    assert changes(plan)["app/locked"]["certainty"] == "may_apply"
    (field,) = changes(plan)["app/named"]["fields"]
    assert (field["before"], field["after"]) == ("plan-1 one\n", "plan-1 two\n")
    # Nothing was published, so the machine goes on as before.
    assert set(outcomes(envoy.run()).values()) == {"unchanged", "skipped"}

    published = server.post("/api/v1/generations", {"message": "as planned", "base": number})
    assert published["generation"]["digest"] == plan["stage_digest"]
    done = envoy.run()
    assert {id_: one for id_, one in outcomes(done).items() if one == "changed"} == {
        "app/named": "changed",
        "app/motd": "changed",
    }
    assert envoy.read("etc/named") == field["after"]
    assert (envoy.read("etc/old"), envoy.read("etc/motd")) == ("old\n", "theirs\n")
    envoy.write("etc/old", "mine now\n")
    assert set(outcomes(envoy.run()).values()) == {"unchanged", "skipped"}
    assert envoy.read("etc/old") == "mine now\n"
    assert server.cli("config", "plan", "--host", "plan-1").status == 0


def test_an_envoy_that_the_plan_says_to_lose_its_policy_is_left_alone(server: Server, folder: Path) -> None:
    server.publish(crate("app", OLD, MOTD) | entries(lost_x="app"))
    envoy = Envoy("lost-1", folder, server).enrol()
    envoy.run()
    server.write_stacks(crate("app", OLD, MOTD) | entries(lost_2="app"))
    (group,) = server.get("/api/v1/plan?host=lost-1")["groups"]
    assert group["coverage"] == "lost"
    assert {one["id"]: one["fate"] for one in group["resources"]} == {"app/old": "left", "app/motd": "left"}
    server.post("/api/v1/generations", {"message": "as planned"})
    assert envoy.run()["results"] == []
    assert (envoy.read("etc/old"), envoy.read("etc/motd")) == ("old\n", "ours\n")


def test_a_machine_that_never_called_is_unknown_in_part_until_it_does(server: Server, folder: Path) -> None:
    server.publish(crate("app", OLD) | entries(late_x="app"))
    envoy = Envoy("late-1", folder, server).enrol()
    server.write_stacks(crate("app", OLD, ON_ALPINE) | entries(late_x="app"))
    plan = server.get("/api/v1/plan?host=late-1")
    assert (plan["unknown_hosts"], changes(plan)["app/alpine"]["certainty"]) == (["late-1"], "unknown")
    envoy.write("etc/os-release", "ID=alpine\nVERSION_ID=3.20\n")
    envoy.run()
    plan = server.get("/api/v1/plan?host=late-1")
    assert (plan["unknown_hosts"], changes(plan)["app/alpine"]["certainty"]) == ([], "certain")
