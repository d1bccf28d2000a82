from pathlib import Path

from tests.host.booted_debian import BootedDebian
from tests.host.debian_root import PYTHON
from vigo.policy.compiling import Compiler
from vigo.policy.sources import Sources


def test_the_first_run_of_an_adopted_machine_changes_nothing(debian: BootedDebian, tmp_path: Path) -> None:
    debian.run("useradd", "--create-home", "--groups", "games", "--comment", "Ann", "ann")
    debian.write("/etc/app/app.conf", "port = 80\n", mode="0640")
    debian.write("/etc/app/binary", "\x01\x02", mode="0644")
    debian.run("ln", "-s", "binary", "/etc/app/current")
    environment = debian.python_environment()
    argv = (str(PYTHON), "-m", "vigo.agent.main", "adopt", "--output", "/srv/stacks", "--hostname", "debian")
    options = ("--packages", "--services", "--users", "--files", "/etc/app/**", "--files", "/etc/cron.d/*", "--private")
    told = debian.run(*argv, *options, environment=environment).stderr

    names = debian.tell("sh", "-c", "cd /srv/stacks && find . -type f").splitlines()
    files = {name.removeprefix("./"): debian.run("cat", f"/srv/stacks/{name}").stdout.encode() for name in names}
    compiled = Compiler().compile(Sources(files))
    assert [str(one) for one in compiled.diagnostics] == []
    assert compiled.policy is not None
    (entry,) = compiled.policy.compiled_entries
    results = debian.apply_plan(entry.plan)
    assert {one.id: one.reason for one in results if one.outcome != "unchanged"} == {}

    kinds = [one.type for one in results]
    assert kinds.count("package") > 10
    assert {"service", "user", "file", "symlink"} <= set(kinds)
    assert "adopted-services/cron" in {one.id for one in results}
    assert "adopted-users/user ann" in {one.id for one in results}
    assert "packages:" in told


def test_what_was_adopted_brings_back_what_changes_later(debian: BootedDebian) -> None:
    debian.write("/etc/app/app.conf", "port = 80\n", mode="0644")
    argv = (str(PYTHON), "-m", "vigo.agent.main", "adopt", "--output", "/srv/one", "--hostname", "debian")
    debian.run(*argv, "--files", "/etc/app/*", environment=debian.python_environment())
    files = {
        name: debian.run("cat", f"/srv/one/{name}").stdout.encode()
        for name in ("envoys.vgo", "configcrates/adopted-files.vgo", "files/etc/app/app.conf")
    }
    compiled = Compiler().compile(Sources(files))
    assert compiled.policy is not None
    debian.write("/etc/app/app.conf", "port = 81\n", mode="0666")
    (result,) = debian.apply_plan(compiled.policy.compiled_entries[0].plan)
    assert (result.outcome, result.changed) == ("changed", ("content", "mode"))
    assert debian.tell("cat", "/etc/app/app.conf") == "port = 80"
