from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.desk import Desk
from tests.server.harness import Machine
from vigo.cli.terminal.moments import exact
from vigo.server.features.generations.models import CompiledStacks, Finding


def publish(desk: Desk, *texts: str) -> None:
    for text in texts:
        desk.server.write_stacks({"envoys.vgo": text})
        assert desk.here("config", "publish", "-m", text).status == 0


def test_going_back_tells_the_new_generation_and_how_the_stacks_differ(desk: Desk) -> None:
    publish(desk, "one", "two")
    desk.server.write_stacks({"envoys.vgo": "two", "more.vgo": ""})
    result = desk.here("config", "rollback", "1")
    assert result.status == 0, result.err
    assert result.out.splitlines() == [
        "generation 3 is live, with the content of generation 1",
        "the stacks were not touched and differ from it: 1 added, 1 changed",
        "  + more.vgo",
        "  ~ envoys.vgo",
        "publishing them again would bring that back; change them first",
    ]
    items = desk.here("config", "history", "--json").json["items"]
    assert [one["message"] for one in items] == ["roll back to generation 1", "two", "one"]


def test_going_back_to_what_the_stacks_hold_says_so(desk: Desk) -> None:
    publish(desk, "one", "two")
    desk.server.write_stacks({"envoys.vgo": "one"})
    done = desk.here("config", "rollback", "1", "-m", "slow", "--json")
    assert (done.json["generation"]["message"], done.json["stacks"]["changed"]) == ("slow", [])
    again = desk.here("config", "rollback", "3")
    assert again.out.splitlines() == ["nothing changed: generation 3 is live already", "the stacks hold the same"]
    assert "generation 3, which is live, has the content of generation 1" in desk.here("config", "rollback", "1").out


def test_many_differing_files_are_cut_and_stacks_that_cannot_be_read_are_told(desk: Desk) -> None:
    publish(desk, "one")
    desk.server.write_stacks({"envoys.vgo": "one"} | {f"{number}.vgo": "" for number in range(30)})
    for result in (desk.here("config", "rollback", "1"), desk.here("config", "status")):
        assert "30 added" in result.out
        assert "and 10 more; --json has them all" in result.out
    (desk.server.folder.stacks / "link").symlink_to("/etc/passwd")
    assert "copy the file instead" in desk.here("config", "rollback", "1").err
    assert "copy the file instead" in desk.here("config", "status").out


def test_no_such_generation_is_told(desk: Desk) -> None:
    publish(desk, "one")
    missing = desk.here("config", "rollback", "7")
    assert (missing.status, missing.out) == (1, "")
    assert "found 7; `vigocli config history` lists them" in missing.err
    for wrong in ("0", "-1", "x"):
        assert desk.here("config", "rollback", wrong).status == 2
    assert desk.here("config", "rollback").status == 2


def test_a_generation_that_no_longer_compiles_is_told_with_its_places(desk: Desk) -> None:
    publish(desk, "one", "two")
    finding = Finding(severity="error", code="toy", message="was taken away", file="envoys.vgo", line=1, column=2)
    desk.server.app.generations._staging.compile = lambda _: CompiledStacks(None, (finding,))
    result = desk.here("config", "rollback", "1")
    assert (result.status, result.out) == (1, "")
    assert "envoys.vgo:1:2: error: was taken away" in result.err
    assert "generation 1 does not compile with the server's version: 1 error" in result.err
    assert desk.here("config", "rollback", "1", "--json").json["code"] == "rejected-policy"


def test_publishing_over_a_newer_generation_is_refused(desk: Desk) -> None:
    publish(desk, "one", "two")
    desk.server.write_stacks({"envoys.vgo": "three"})
    refused = desk.here("config", "publish", "-m", "m", "--base", "1")
    assert (refused.status, refused.out) == (1, "")
    assert "found generation 2 of admin (two)" in refused.err
    assert desk.here("config", "publish", "-m", "m", "--base", "2").out == "generation 3 is live\n"


def test_in_a_freeze_nothing_is_published_until_it_is_lifted(desk: Desk) -> None:
    publish(desk, "one")
    frozen = desk.here("config", "freeze", "--until", "12h", "-m", "the sale is on")
    assert frozen.status == 0, frozen.err
    assert f"nothing is published until {exact(desk.server.clock.now() + timedelta(hours=12))}" in frozen.out
    desk.server.write_stacks({"envoys.vgo": "two"})
    for verb in (("publish", "-m", "m"), ("rollback", "1")):
        refused = desk.here("config", *verb)
        assert (refused.status, refused.out) == (1, "")
        assert "admin froze the live generation until" in refused.err
        assert "the sale is on" in refused.err
    lifted = desk.here("config", "unfreeze")
    assert lifted.out.startswith("ended the freeze of admin until ")
    assert desk.here("config", "unfreeze").out == "nothing was frozen\n"
    assert desk.here("config", "unfreeze", "--json").json == {"freeze": None}
    assert desk.here("config", "publish", "-m", "m").status == 0


def test_a_freeze_ends_at_a_moment_of_any_zone(desk: Desk) -> None:
    day = desk.server.clock.now() + timedelta(days=2)
    noon = day.replace(hour=12, minute=0, second=0, microsecond=0)
    local = noon.astimezone().replace(tzinfo=None).isoformat()
    for written in (f"{noon:%Y-%m-%dT%H:%M}Z", f"{noon:%Y-%m-%d %H:%M}+00:00", f"{noon:%Y-%m-%dT14:00}+02:00", local):
        answer = desk.here("config", "freeze", "--until", written, "-m", "x", "--json")
        assert answer.status == 0, answer.err
        assert datetime.fromisoformat(answer.json["until"]).astimezone(UTC) == noon


@pytest.mark.parametrize("until", ["tomorrow", "12", "12w", "", "0h", "400d", "2027-13-01", "h"])
def test_an_end_of_no_form_is_told(offline: Desk, until: str) -> None:
    result = offline.here("config", "freeze", "--until", until, "-m", "x")
    assert result.status == 2
    assert "or 90d" in result.err or "7d" in result.err or "365d" in result.err


def test_an_end_that_is_over_is_refused(desk: Desk) -> None:
    assert desk.here("config", "freeze", "--until", "1h").status == 2
    over = desk.here("config", "freeze", "--until", "2001-01-01", "-m", "x")
    assert over.status == 1
    assert "after now" in over.err


def test_the_status_before_and_after_the_first_publication(desk: Desk) -> None:
    desk.server.write_stacks({"envoys.vgo": "one"})
    assert "nothing was published yet" in desk.here("config", "status").out
    publish(desk, "one")
    facts = dict(line.split("  ", 1) for line in desk.here("config", "status").out.splitlines())
    facts = {name: value.strip() for name, value in facts.items()}
    assert facts["live"] == "generation 1: one"
    assert facts["published"].startswith("by admin, ")
    assert (facts["frozen"], facts["stacks"]) == ("no", "as what is live")
    assert facts["envoys"] == "0 with generation 1, 0 behind"


def test_the_status_counts_the_envoys_that_have_what_is_live(desk: Desk) -> None:
    publish(desk, "one")
    bundle = desk.server.app.generations.assignment("a")
    assert bundle is not None

    async def all_check_in() -> None:
        for name, holds in (("a", bundle.bundle.digest), ("b", ""), ("none-1", "")):
            machine = await Machine.enrolled(desk.server, desk.folder / name, name)
            async with machine:
                await machine.check_in(bundle_digest=holds)

    desk.do(all_check_in())
    desk.here("config", "freeze", "--until", "1d", "-m", "why\x1b[2J not")
    status = desk.here("config", "status")
    assert status.status == 0, status.err
    assert "1 with generation 1, 1 behind, 1 that no entry covers" in status.out
    assert "by admin: why\\x1b[2J not" in status.out
    told = desk.here("config", "status", "--json").json
    assert told["envoys"] == {"current": 1, "behind": 1, "uncovered": 1}
    assert told["freeze"]["reason"] == "why\x1b[2J not"
    desk.here("config", "unfreeze")
    publish(desk, "two")
    assert "0 with generation 2, 2 behind" in desk.here("config", "status").out


def test_the_status_tells_that_another_generation_should_be_live(desk: Desk) -> None:
    publish(desk, "one", "two")
    (next(desk.server.folder.live.glob("2-*")) / "manifest.json").unlink()
    desk.do(desk.server.restart())
    status = desk.here("config", "status")
    assert "generation 1: one" in status.out
    assert "problem    " in status.out
    assert "serving generation 1 instead" in status.out
