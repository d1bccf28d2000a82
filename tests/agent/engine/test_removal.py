from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.agent.engine.conftest import taking
from tests.agent.engine.removing import Machine, file, resource
from vigo.agent.engine.undo_records import UndoRecord, UndosInMemory
from vigo.catalog.api import MAX_FORMER_BYTES
from vigo.catalog.ops import Op, RemoveFile, Run, WriteFile
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit


class FullUndos(UndosInMemory):
    def keep(self, *_: object, **__: object) -> None:
        raise UnavailableError("the disk is full")


class StuckUndos(UndosInMemory):
    def keep(self, *records: UndoRecord, **more: Any) -> None:
        if any(record.is_empty for record in records):
            raise UnavailableError("the disk is full")
        super().keep(*records, **more)


def write(machine: Machine, path: str, content: str) -> None:
    """Change a file as somebody else."""
    machine.host.apply(WriteFile(path=path, content=content.encode()))
    machine.host.applied.clear()


def records(machine: Machine) -> set[str]:
    return {id_.removeprefix("web/") for id_ in machine.undos.records()}


def test_what_disappears_is_undone_and_told_once() -> None:
    machine = Machine(motd="welcome\n")
    given = machine.files()
    machine.run(file("motd", "mine\n"), file("new", "x\n"))
    assert records(machine) == {"motd", "new"}
    results = machine.run()
    assert {name: (one.outcome, one.type) for name, one in results.items()} == {
        "motd": ("changed", "file"),
        "new": ("changed", "file"),
    }
    assert results["motd"].ops == ("write /motd",)
    assert results["motd"].changed == ("content",)
    assert "+welcome" in results["motd"].diff
    assert "(before Vigo)" in results["motd"].diff
    assert results["new"].ops == ("remove /new",)
    assert results["new"].reason == "undone, since it is no longer in the policy"
    assert machine.files() == given
    assert machine.run() == {}


def test_what_disappears_without_revert_is_left_alone() -> None:
    machine = Machine(motd="welcome\n")
    machine.run(file("motd", "mine\n", on_remove="leave"))
    assert records(machine) == set()
    assert machine.run() == {}
    assert machine.text("/motd") == "mine\n"


def test_what_was_so_before_vigo_came_is_never_undone() -> None:
    tool = FakePackages("apt", {"nginx": "1"}, {"nginx": "1"})
    machine = Machine(FakeHost({"/motd": "mine\n"}, tools=[tool]))
    results = machine.run(file("motd", "mine\n"), resource("nginx", "package", package="nginx"))
    assert {one.outcome for one in results.values()} == {"unchanged"}
    assert records(machine) == set()
    assert machine.run() == {}
    assert (machine.text("/motd"), tool.installed) == ("mine\n", {"nginx": "1"})


def test_the_state_before_the_first_change_is_what_comes_back_after_many() -> None:
    machine = Machine(motd="before\n")
    for number in range(4):
        machine.run(file("motd", f"{number}\n"))
    machine.run(file("motd", state="absent"))
    machine.run(file("motd", "last\n", mode="0600"))
    machine.run()
    assert machine.files()["/motd"] == FakeNode(content=b"before\n", mode=0o644)


def test_a_field_that_was_declared_for_a_while_comes_back_too() -> None:
    machine = Machine(FakeHost({"/motd": FakeNode(content=b"x", mode=0o600)}))
    machine.run(file("motd", "mine\n", mode="0644"))
    machine.run(file("motd", "other\n"))
    machine.run()
    assert machine.files()["/motd"] == FakeNode(content=b"x", mode=0o600)


def test_a_private_file_that_went_through_many_hands_is_private_again() -> None:
    machine = Machine(FakeHost({"/key": FakeNode(content=b"secret", mode=0o600, uid=5)}))
    machine.run(resource("key", "symlink", path="/key", to="/b", force=True))
    machine.run(file("key", "secret"))
    assert machine.files()["/key"].mode == 0o644
    machine.run()
    assert machine.files()["/key"] == FakeNode(content=b"secret", mode=0o600, uid=5)


def test_a_declaration_that_says_leave_lets_the_record_go() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    results = machine.run(file("motd", "mine\n", on_remove="leave"))
    assert results["motd"].outcome == "unchanged"
    assert records(machine) == set()
    assert machine.run() == {}
    assert machine.text("/motd") == "mine\n"


def test_a_resource_whose_condition_became_false_is_still_there() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    results = machine.run(file("motd", "mine\n", conditions=["os_family('suse')"]))
    assert results["motd"].outcome == "skipped"
    assert machine.text("/motd") == "mine\n"
    assert records(machine) == {"motd"}
    machine.run()
    assert machine.text("/motd") == "before\n"


def test_what_was_applied_last_is_undone_first() -> None:
    machine = Machine()
    given = machine.files()
    tree = [
        resource("d", "directory", path="/d"),
        resource("e", "directory", path="/d/e"),
        file("f", "x", path="/d/e/f"),
    ]
    machine.run(*tree)
    machine.done()
    results = machine.run()
    assert list(results) == ["f", "e", "d"]
    assert machine.done() == ["remove /d/e/f", "remove directory /d/e", "remove directory /d"]
    assert machine.files() == given


def test_the_order_is_that_of_the_last_plan_that_had_them() -> None:
    machine = Machine()
    first = [file("a", "x"), file("b", "x")]
    machine.run(*first)
    machine.run(*reversed(first))
    assert list(machine.run()) == ["a", "b"]


def test_what_others_use_blocks_its_removal_until_they_are_gone() -> None:
    machine = Machine()
    machine.run(resource("d", "directory", path="/d"))
    write(machine, "/d/mine", "x")
    for _ in range(2):
        result = machine.run()["d"]
        assert (result.outcome, result.ops, result.changed) == ("blocked", (), ())
        assert "found something in it" in result.reason
        assert "`on_remove: leave`" in result.reason
    machine.host.apply(RemoveFile(path="/d/mine"))
    assert machine.run()["d"].outcome == "changed"
    assert machine.run() == {}


def test_what_somebody_changed_since_is_left_alone_and_said_so_until_it_is_brought_back() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    write(machine, "/motd", "somebody's\n")
    for _ in range(2):
        result = machine.run()["motd"]
        assert result.outcome == "blocked"
        assert "found another content: somebody changed it since" in result.reason
        assert machine.text("/motd") == "somebody's\n"
    write(machine, "/motd", "before\n")
    result = machine.run()["motd"]
    assert (result.outcome, result.reason) == ("unchanged", "no longer in the policy; it is as it was before")
    assert machine.run() == {}


def test_what_somebody_already_undid_is_told_once_as_unchanged() -> None:
    machine = Machine()
    machine.run(file("motd", "mine\n"))
    machine.host.apply(RemoveFile(path="/motd"))
    assert machine.run()["motd"].outcome == "unchanged"
    assert machine.run() == {}


def test_a_failure_is_told_and_tried_again() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    execute = machine.world.execute

    def failing(_op: Op) -> None:
        raise UnavailableError("disk on fire")

    machine.world.execute = failing
    result = machine.run()["motd"]
    assert (result.outcome, result.reason) == ("failed", "write /motd: disk on fire")
    machine.world.execute = execute
    assert machine.run()["motd"].outcome == "changed"
    assert machine.text("/motd") == "before\n"


def test_of_several_things_those_that_can_come_back_do() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1", "vim": "1"})
    machine = Machine(FakeHost(tools=[tool]))
    machine.run(resource("tools", "package", package=["nginx", "vim"]))
    tool._held.add("vim")
    result = machine.run()["tools"]
    assert (result.outcome, result.ops) == (
        "blocked",
        (
            "run dpkg --no-act --remove -- nginx",
            "run dpkg --remove -- nginx",
        ),
    )
    assert "package:vim: expected it as this resource left it, found another held" in result.reason
    assert tool.installed == {"vim": "1"}
    tool._held.clear()
    assert machine.run()["tools"].ops == (
        "run dpkg --no-act --remove -- vim",
        "run dpkg --remove -- vim",
    )


def test_a_renamed_resource_takes_the_record_along() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    results = machine.run(file("banner", "mine\n", path="/motd"))
    assert list(results) == ["banner"]
    assert machine.text("/motd") == "mine\n"
    assert records(machine) == {"banner"}
    machine.run()
    assert machine.text("/motd") == "before\n"


def test_a_renamed_resource_that_also_changes_keeps_what_was_before_the_first() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    machine.run(file("banner", "another\n", path="/motd", mode="0600"))
    assert records(machine) == {"banner"}
    machine.run()
    assert machine.files()["/motd"] == FakeNode(content=b"before\n", mode=0o644)


def test_a_new_owner_that_shall_be_left_ends_the_matter() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    assert list(machine.run(file("banner", "mine\n", path="/motd", on_remove="leave"))) == ["banner"]
    assert records(machine) == set()
    assert machine.run() == {}
    assert machine.text("/motd") == "mine\n"


def test_a_thing_is_handed_over_between_kinds_too() -> None:
    machine = Machine(a="before\n")
    machine.run(file("a", "mine\n"))
    machine.run(resource("link", "symlink", path="/a", to="/b", force=True))
    assert records(machine) == {"link"}
    machine.run()
    assert machine.files()["/a"] == FakeNode(content=b"before\n")


def test_an_owner_whose_condition_is_false_owns_it_all_the_same() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    machine.run(file("banner", "mine\n", path="/motd", conditions=["os_family('suse')"]))
    assert machine.text("/motd") == "mine\n"
    assert records(machine) == {"banner"}


def test_nothing_is_undone_while_it_cannot_be_told_who_owns_it() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    unknown = msgspec.structs.replace(file("other"), fields={}, templates={"path": "{{ vars.nothing }}"})
    result = machine.run(unknown)["motd"]
    assert result.outcome == "blocked"
    assert "found that web/other cannot be evaluated" in result.reason
    assert machine.text("/motd") == "mine\n"
    elsewhere = msgspec.structs.replace(unknown, conditions=file("x", conditions=["os_family('suse')"]).conditions)
    assert machine.run(elsewhere)["motd"].outcome == "changed"


def test_a_broken_resource_of_another_sort_holds_nothing_up() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    unknown = msgspec.structs.replace(resource("x", "exec"), templates={"shell": "{{ vars.nothing }}"})
    assert machine.run(unknown)["motd"].outcome == "changed"


def test_a_resource_that_went_to_another_path_is_undone_at_the_former_one() -> None:
    machine = Machine(old="before\n")
    machine.run(file("conf", "mine\n", path="/old"))
    machine.done()
    result = machine.run(file("conf", "mine\n", path="/new"))["conf"]
    assert result.ops == ("write /new", "write /old")
    assert result.outcome == "changed"
    assert machine.done() == ["write /new", "write /old"]
    assert machine.text("/old") == "before\n"
    machine.run()
    assert "/new" not in machine.files()


def test_the_former_path_waits_until_the_resource_is_in_its_state() -> None:
    machine = Machine(old="before\n")
    machine.run(file("conf", "mine\n", path="/old"))
    result = machine.run(file("conf", "mine\n", path="/no/such/directory"))["conf"]
    assert result.outcome == "blocked"
    assert machine.text("/old") == "mine\n"
    assert machine.run(file("conf", "mine\n", path="/new"))["conf"].outcome == "changed"
    assert machine.text("/old") == "before\n"


def test_a_package_that_left_the_list_goes_and_one_that_another_resource_lists_stays() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1", "vim": "1", "curl": "1"})
    machine = Machine(FakeHost(tools=[tool]))
    machine.run(resource("tools", "package", package=["nginx", "vim", "curl"]))
    machine.done()
    machine.run(resource("tools", "package", package=["nginx"]), resource("more", "package", package=["curl"]))
    assert machine.done() == ["run dpkg --no-act --remove -- vim", "run dpkg --remove -- vim"]
    assert tool.installed == {"nginx": "1", "curl": "1"}
    machine.run()
    assert tool.installed == {}


def test_a_line_with_another_text_is_the_same_thing_when_it_is_found_by_the_same_expression() -> None:
    machine = Machine(conf="#Port 22\n")
    for text in ("Port 2222", "Port 2200"):
        machine.run(resource("port", "file_line", path="/conf", line=text, match="^#?Port "))
    machine.run()
    assert machine.text("/conf") == "#Port 22\n"


def test_a_line_with_another_text_and_no_expression_is_another_line() -> None:
    machine = Machine(hosts="one\n")
    machine.run(resource("db", "file_line", path="/hosts", line="10.0.0.1 db"))
    machine.run(resource("db", "file_line", path="/hosts", line="10.0.0.2 db"))
    assert machine.text("/hosts") == "one\n10.0.0.2 db\n"
    machine.run()
    assert machine.text("/hosts") == "one\n"


def test_a_line_of_a_file_that_another_resource_owns_by_now_is_that_ones() -> None:
    machine = Machine(conf="one\n")
    machine.run(resource("line", "file_line", path="/conf", line="two"))
    results = machine.run(file("conf", "whole\n", path="/conf"))
    assert list(results) == ["conf"]
    assert machine.text("/conf") == "whole\n"
    assert records(machine) == {"conf"}


def test_a_resource_of_another_kind_under_the_same_name_is_another_one() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1"})
    machine = Machine(FakeHost(tools=[tool]))
    machine.run(resource("web", "package", package="nginx"))
    result = machine.run(file("web", "x"))["web"]
    assert result.ops == ("write /web", "run dpkg --no-act --remove -- nginx", "run dpkg --remove -- nginx")
    assert tool.installed == {}
    machine.run()
    assert "/web" not in machine.files()


def test_noop_holds_for_undoing_too() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    machine.run(file("motd", "mine\n", noop=True))
    for _ in range(2):
        result = machine.run()["motd"]
        assert (result.outcome, result.ops, result.changed) == ("skipped", ("write /motd",), ())
        assert "it was `noop: true`, otherwise undoing would change content" in result.reason
    assert machine.text("/motd") == "mine\n"


def test_a_resource_that_was_always_noop_leaves_no_record() -> None:
    machine = Machine()
    machine.run(file("motd", "mine\n", noop=True))
    assert records(machine) == set()


def test_the_agents_own_state_is_not_touched_by_undoing_either() -> None:
    machine = Machine()
    machine.run(resource("d", "directory", path="/state"))
    machine.world.protected = ("/state",)
    machine.done()
    result = machine.run()["d"]
    assert result.outcome == "failed"
    assert "is Vigo's own" in result.reason
    assert machine.done() == []


def test_a_dry_run_shows_what_would_be_undone_and_keeps_everything() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    given, kept = machine.files(), machine.undos.records()
    dry = machine.run(dry_run=True)
    assert machine.files() == given
    assert machine.undos.records() == kept
    assert dry == machine.run()


def test_a_dry_run_says_what_earlier_removals_may_still_change() -> None:
    machine = Machine()
    machine.run(resource("d", "directory", path="/d"), file("f", "x", path="/d/f"))
    dry = machine.run(dry_run=True)
    assert dry["f"].outcome == "changed"
    assert dry["d"].outcome == "skipped"
    assert "not known in a dry run" in dry["d"].reason
    assert {one.outcome for one in machine.run().values()} == {"changed"}


def test_a_dry_run_of_a_change_writes_nothing_down() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"), dry_run=True)
    assert records(machine) == set()


def test_a_pass_that_ends_early_undoes_nothing() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    missing = file("x", "x", path="/no/x")
    failing = msgspec.structs.replace(missing, type="nothing", on_failure="stop")
    result = machine.run(failing)["motd"]
    assert (result.outcome, result.reason) == ("skipped", "skipped because web/x failed and has `on_failure: stop`")
    machine.world.stop = lambda: "the agent was asked to stop"
    assert machine.run()["motd"].reason == "the agent was asked to stop"
    machine.world.stop = lambda: ""
    assert machine.run()["motd"].outcome == "changed"


def test_what_it_notified_is_notified_of_its_undoing() -> None:
    services = FakeServices({"web.service": FakeUnit(running=True)})
    machine = Machine(FakeHost({"/conf": "before\n", "/run/systemd/system": FakeNode.directory()}, tools=[services]))
    reload = resource("reload", "service", service="web", state="reloaded", only_when_notified=True)
    machine.run(file("conf", "mine\n", notify=["reload"]), reload)
    machine.done()
    results = machine.run(reload)
    assert results["reload"].outcome == "changed"
    assert machine.done() == ["write /conf", "run systemctl reload -- web.service"]
    assert machine.run(reload)["reload"].reason == "not notified"


def test_what_cannot_be_undone_is_said_when_it_is_done() -> None:
    machine = Machine()
    result = machine.run(resource("x", "exec", command=["true"]))["x"]
    assert result.outcome == "changed"
    assert result.reason.startswith("a command cannot be undone")
    assert records(machine) == set()
    machine.host.apply(WriteFile(path="/file", content=b""))
    purged = machine.run(resource("d", "directory", path="/", keep=[], recurse=True, mode="0700"))["d"]
    assert "recurse" in purged.reason


def test_content_that_is_too_large_to_keep_is_replaced_all_the_same_and_both_times_said() -> None:
    machine = Machine(big="x" * (MAX_FORMER_BYTES + 1))
    result = machine.run(file("big", "small\n"))["big"]
    assert result.outcome == "changed"
    assert f"its former content of {MAX_FORMER_BYTES + 1} bytes was not kept" in result.reason
    removed = machine.run()["big"]
    assert removed.outcome == "blocked"
    assert f"its former content of {MAX_FORMER_BYTES + 1} bytes was not kept" in removed.reason
    assert "bring it back by hand" in removed.reason
    write(machine, "/big", "x" * (MAX_FORMER_BYTES + 1))
    assert machine.run()["big"].outcome == "unchanged"


def test_all_contents_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.agent.engine.keeping.MAX_FORMER_BYTES_IN_ALL", 10)
    machine = Machine(a="123456", b="123456", c="1234")
    results = machine.run(file("a", "mine"), file("b", "mine"), file("c", "mine"))
    assert [bool(results[name].reason) for name in "abc"] == [False, True, False]
    assert "at its limit of 10 bytes" in results["b"].reason
    outcomes = {name: one.outcome for name, one in machine.run().items()}
    assert outcomes == {"a": "changed", "b": "blocked", "c": "changed"}
    assert (machine.text("/a"), machine.text("/b"), machine.text("/c")) == ("123456", "mine", "1234")


def test_what_cannot_be_written_down_is_not_changed() -> None:
    machine = Machine(a="before")
    machine.undos = FullUndos()
    results = machine.run(file("a", "mine"), file("b", "x", on_remove="leave"))
    assert results["a"].outcome == "blocked"
    assert "nothing was changed" in results["a"].reason
    assert "the disk is full" in results["a"].reason
    assert machine.text("/a") == "before"
    assert results["b"].outcome == "changed"


def test_a_record_that_cannot_be_dropped_is_dropped_by_the_next_run() -> None:
    machine = Machine(a="before")
    machine.undos = StuckUndos()
    machine.run(file("a", "mine"))
    assert machine.run()["a"].outcome == "changed"
    machine.undos = UndosInMemory(machine.undos)
    assert machine.run()["a"].outcome == "unchanged"
    assert machine.run() == {}


@pytest.mark.parametrize("lost", ["the record", "a field"])
def test_a_damaged_record_undoes_nothing_and_is_told_until_it_is_let_go(
    lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(a="before")
    machine.run(file("a", "mine"))
    (record,) = machine.undos.records().values()
    if lost == "the record":
        damaged = msgspec.structs.replace(record, things={}, lost="it was damaged")
    else:
        thing = msgspec.structs.replace(record.things["path:/a"], before={"mode": "rw-r--r--"})
        damaged = msgspec.structs.replace(record, things={"path:/a": thing})
    machine.undos.keep(damaged)
    for _ in range(2):
        result = machine.run()["a"]
        assert result.outcome == "blocked"
        assert "`on_remove: leave`" in result.reason
    assert machine.text("/a") == "mine"
    assert lost == "the record" or "undo record damaged" in caplog.text
    machine.run(file("a", "mine", on_remove="leave"))
    assert machine.run() == {}


def test_a_damaged_record_does_not_keep_its_resource_from_its_state_nor_is_it_replaced() -> None:
    machine = Machine(a="before")
    machine.run(file("a", "mine"))
    (record,) = machine.undos.records().values()
    thing = msgspec.structs.replace(record.things["path:/a"], before={"mode": "rw-r--r--"})
    machine.undos.keep(msgspec.structs.replace(record, things={"path:/a": thing}))
    assert machine.run(file("a", "another"))["a"].outcome == "changed"
    assert machine.run()["a"].outcome == "blocked"
    assert machine.text("/a") == "another"


def test_a_kind_that_this_agent_does_not_know_any_more_is_named() -> None:
    machine = Machine()
    machine.run(file("a", "mine"))
    (record,) = machine.undos.records().values()
    things = {name: msgspec.structs.replace(thing, type="widget") for name, thing in record.things.items()}
    machine.undos.keep(msgspec.structs.replace(record, things=things))
    result = machine.run()["a"]
    assert result.outcome == "blocked"
    assert "'widget'" in result.reason


def test_the_time_limit_of_a_resource_holds_for_its_undoing() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1"})
    machine = Machine(FakeHost(tools=[tool]))
    machine.run(resource("web", "package", package="nginx", timeout_seconds=7.0))
    machine.world.execute = taking(machine.world, timedelta(seconds=1))
    machine.run()
    timeouts = [op.timeout for op in machine.host.applied if isinstance(op, Run)]
    assert timeouts[-2:] == [timedelta(seconds=7), timedelta(seconds=6)]


def test_a_fault_in_a_kind_costs_one_result(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(a="before", b="before")
    machine.run(file("a", "mine"), resource("b", "file_line", path="/b", line="mine"))

    def faulty(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("vigo.catalog.resources.files.former_lines.RevertibleLine.undo", faulty)
    results = machine.run()
    assert results["b"].outcome == "failed"
    assert "internal fault: RuntimeError: a fault" in results["b"].reason
    assert results["a"].outcome == "changed"
    assert records(machine) == {"b"}


def test_what_somebody_else_made_and_the_policy_came_to_declare_is_the_resources() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    write(machine, "/motd", "better\n")
    assert machine.run(file("motd", "better\n"))["motd"].outcome == "unchanged"
    assert machine.run()["motd"].outcome == "changed"
    assert machine.text("/motd") == "before\n"


def test_what_something_changes_at_once_is_left_to_it() -> None:
    machine = Machine(motd="before\n")
    machine.run(file("motd", "mine\n"))
    execute = machine.world.execute

    def meddled_with(op: Op) -> None:
        execute(op)
        write(machine, "/motd", "another tool's\n")

    machine.world.execute = meddled_with
    result = machine.run()["motd"]
    assert result.outcome == "failed"
    assert "did not come back" in result.reason
    machine.world.execute = execute
    assert machine.run()["motd"].outcome == "blocked"
    assert machine.text("/motd") == "another tool's\n"


def test_a_large_file_of_which_only_the_mode_was_changed_comes_back() -> None:
    content = "x" * (MAX_FORMER_BYTES + 1)
    machine = Machine(FakeHost({"/big": FakeNode(content=content.encode(), mode=0o600)}))
    result = machine.run(file("big", content, mode="0644"))["big"]
    assert (result.outcome, result.reason) == ("changed", "")
    assert machine.run()["big"].ops == ("chmod 0600 /big",)
    assert machine.files()["/big"].mode == 0o600
