from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

MARK = "/srv/mark"


def step(name: str = "step", /, **fields: object) -> PlannedResource:
    return declared("exec", name, **fields)


def script(text: str, **fields: object) -> PlannedResource:
    return step(**{**fields, "shell": text})


def test_a_guard_says_when_the_work_is_done(debian: BootedDebian) -> None:
    for guard in (
        {"creates": MARK},
        {"unless": ["test", "-e", MARK]},
        {"unless": f"test -e {MARK}"},
        {"onlyif": f"! test -e {MARK}"},
    ):
        debian.changes(step(command=["touch", MARK], **guard))
        debian.run("rm", MARK)
        debian.changes(script(f"echo made > {MARK}", **guard))
        assert debian.tell("cat", MARK) == "made"
        debian.run("rm", MARK)


def test_without_a_guard_it_runs_each_time(debian: BootedDebian) -> None:
    for lines in (1, 2):
        assert debian.apply(script(f"echo x >> {MARK}"))["step"].outcome == "changed"
        assert len(debian.tell("cat", MARK).splitlines()) == lines


def test_it_runs_as_another_user_in_full(debian: BootedDebian) -> None:
    debian.run("useradd", "--create-home", "--groups", "adm,audio", "ann")
    told_by = "id -un; id -gn; id -Gn | tr ' ' '\\n' | sort; pwd; umask; echo $HOME $USER $COLOUR; cat"
    debian.changes(
        script(
            f"({told_by}) > /home/ann/told",
            creates="/home/ann/told",
            cwd="/home/ann",
            user="ann",
            umask="0027",
            environment={"COLOUR": "red"},
            stdin="given",
        )
    )
    told = debian.tell("cat", "/home/ann/told").splitlines()
    assert told == ["ann", "ann", "adm", "ann", "audio", "/home/ann", "0027", "/home/ann ann red", "given"]
    assert debian.tell("stat", "--format=%a %U %G", "/home/ann/told") == "640 ann ann"


def test_another_user_keeps_no_power_of_root(debian: BootedDebian) -> None:
    debian.run("useradd", "ann")
    result = debian.apply(step(command=["cat", "/etc/shadow"], user="ann"))["step"]
    assert result.outcome == "failed"
    assert "Permission denied" in result.reason
    powers = debian.apply(script("grep ^CapEff: /proc/self/status; exit 1", user="ann"))["step"]
    assert "CapEff:\t0000000000000000" in powers.reason


def test_a_user_that_is_not_there_is_an_obstacle_that_is_named(debian: BootedDebian) -> None:
    result = debian.apply(step(command=["true"], user="nobody-here"))["step"]
    assert result.outcome == "blocked"
    assert "nobody-here" in result.reason


def test_a_failed_command_tells_its_status_and_what_it_said(debian: BootedDebian) -> None:
    result = debian.apply(script("echo it broke >&2; exit 3"))["step"]
    assert result.outcome == "failed"
    assert "3" in result.reason
    assert "it broke" in result.reason
    assert debian.apply(script("exit 3", returns=[0, 3]))["step"].outcome == "changed"


def test_over_its_time_the_whole_process_group_is_ended(debian: BootedDebian) -> None:
    # Two that take no hint, one of them in the background; only KILL ends them.
    stubborn = "trap '' TERM; sleep 4321 & sleep 4321"
    result = debian.apply(script(stubborn, timeout_seconds=0.5))["step"]
    assert result.outcome == "failed"
    assert "expected to end within 0." in result.reason
    running = debian.tell("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "systemd" in running
    assert "sleep 4321" not in running


def test_what_depends_on_a_failed_command_is_not_run(debian: BootedDebian) -> None:
    results = debian.apply(
        step("first", command=["false"]), step("second", command=["touch", MARK], depends_on=["first"])
    )
    assert results["second"].outcome == "skipped"
    assert debian.run("test", "-e", MARK, check=False).returncode == 1
