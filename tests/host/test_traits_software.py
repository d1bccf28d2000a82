import json
from typing import Any

from tests.host.booted_debian import BootedDebian
from tests.host.tell_traits import traits_of

UNIT = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart={}\n[Install]\nWantedBy=multi-user.target\n"


def test_services_are_as_systemctl_tells_them_one_by_one(debian: BootedDebian) -> None:
    debian.write("/etc/systemd/system/good.service", UNIT.format("/bin/true"))
    debian.write("/etc/systemd/system/bad.service", UNIT.format("/bin/false"))
    debian.write(
        "/etc/init.d/script",
        "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: script\n# Default-Start: 2 3 4 5\n### END INIT INFO\n",
        "0755",
    )
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "enable", "--now", "good.service")
    debian.run("systemctl", "mask", "nftables.service")
    debian.run("systemctl", "start", "bad.service", check=False)
    told = traits_of(debian, "services", "systemd_failed")
    services: dict[str, Any] = told["services"]["services"]
    assert services["good"] == {"enabled": True, "running": True, "failed": False, "masked": False}
    assert services["bad"] == {"enabled": False, "running": False, "failed": True, "masked": False}
    assert services["nftables"]["masked"]
    assert told["services"]["init"] == "systemd"
    assert told["systemd_failed"] == {"present": True, "units": ["bad.service"], "count": 1}
    for name, service in services.items():
        state = debian.run("systemctl", "is-enabled", f"{name}.service", check=False).stdout.strip()
        active = debian.run("systemctl", "is-active", f"{name}.service", check=False).stdout.strip()
        assert service["running"] == (active == "active"), name
        assert service["failed"] == (active == "failed"), name
        assert service["masked"] == (state in ("masked", "masked-runtime")), name
        known = {"enabled": True, "enabled-runtime": True, "alias": True, "disabled": False, "masked": False}
        assert service["enabled"] == known.get(state), (name, state)


def test_no_service_that_starts_or_runs_is_left_out(debian: BootedDebian) -> None:
    services = traits_of(debian, "services")["services"]["services"]
    files = debian.tell("systemctl", "list-unit-files", "--type=service", "--plain", "--no-legend").splitlines()
    states = {line.split()[0].removesuffix(".service"): line.split()[1] for line in files}
    meant = {name for name, state in states.items() if state not in ("static", "alias") and not name.endswith("@")}
    units = debian.tell("systemctl", "list-units", "--type=service", "--plain", "--no-legend").splitlines()
    running = {
        line.split()[0].removesuffix(".service") for line in units if line.split()[1] == "loaded" and "@" not in line
    }
    assert meant | running == set(services) - {"getty@tty1"}


def test_groups_are_those_that_getent_lists(debian: BootedDebian) -> None:
    debian.run("groupadd", "--gid", "4321", "probe")
    debian.run("usermod", "--append", "--groups", "probe", "games")
    told = traits_of(debian, "groups")["groups"]
    rows = [line.split(":") for line in debian.tell("getent", "group").splitlines()]
    expected = {row[0]: {"gid": int(row[2]), "members": sorted(filter(None, row[3].split(",")))} for row in rows}
    assert told == {"groups": expected, "count": len(rows)}
    assert told["groups"]["probe"] == {"gid": 4321, "members": ["games"]}


def test_mounts_are_those_that_findmnt_lists(debian: BootedDebian) -> None:
    debian.run("mkdir", "/mnt/a b")
    debian.run("mount", "-t", "tmpfs", "-o", "noexec,nosuid", "probe", "/mnt/a b")
    debian.write("/etc/fstab", "probe /mnt/a\\040b tmpfs noexec,nosuid 0 0\n/dev/none /srv/gone ext4 defaults 0 0\n")
    told = traits_of(debian, "mounts")["mounts"]
    listed = json.loads(debian.tell("findmnt", "--json", "--list", "--output", "TARGET,FSTYPE"))["filesystems"]
    passing = ("/run/credentials/", "/run/user/")
    expected = {row["target"]: row["fstype"] for row in listed if not row["target"].startswith(passing)}
    assert {path: mount["type"] for path, mount in told["mounted"].items()} == expected
    assert told["count"] == len(expected)
    assert {"noexec", "nosuid"} <= set(told["mounted"]["/mnt/a b"]["options"])
    assert told["mounted"]["/mnt/a b"]["at_boot"]
    assert told["missing"] == ["/srv/gone"]


def test_block_devices_are_those_that_lsblk_lists(debian: BootedDebian) -> None:
    told = traits_of(debian, "block_devices")["block_devices"]
    columns = "KNAME,TYPE,SIZE,RO,RM,ROTA"
    rows = json.loads(debian.tell("lsblk", "--json", "--bytes", "--nodeps", "--output", columns))["blockdevices"]
    # To lsblk a compressed memory disk is a disk; one that was not set up has no size.
    listed = [
        {**row, "type": "zram" if row["kname"].startswith("zram") else row["type"]} for row in rows if row["size"]
    ]
    assert {
        name: (one["kind"], one["size_bytes"], one["read_only"], one["removable"], one["rotational"])
        for name, one in told["devices"].items()
    } == {row["kname"]: (row["type"], row["size"], row["ro"], row["rm"], row["rota"]) for row in listed}
    assert told["count"] == len(listed)


def test_swap_and_load_are_what_the_kernels_own_tools_show(debian: BootedDebian) -> None:
    told = traits_of(debian, "swap", "load")
    areas = debian.tell("swapon", "--show=NAME,SIZE", "--noheadings", "--bytes").splitlines()
    assert {path: str(area["size_bytes"]) for path, area in told["swap"]["areas"].items()} == dict(
        line.rsplit(maxsplit=1) for line in areas
    )
    assert told["swap"]["swappiness"] == int(debian.tell("sysctl", "--values", "vm.swappiness"))
    assert told["load"]["processors"] == int(debian.tell("nproc", "--all"))
    words = debian.tell("uptime").rpartition("load average: ")[2].split(", ")
    # It moves between the two looks: the fifteen minutes by less than a whole process.
    assert abs(told["load"]["fifteen_minutes"] * told["load"]["processors"] - float(words[2])) < 1


def test_sources_are_those_that_apt_would_fetch(debian: BootedDebian) -> None:
    debian.write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/one ./\n# deb file:/srv/no ./\n")
    debian.write(
        "/etc/apt/sources.list.d/two.sources",
        "Types: deb deb-src\nURIs: https://bob:hunter2@two.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main contrib\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Types: deb\nURIs: https://off.example/\nSuites: x\nComponents: main\nEnabled: no\n",
    )
    told = traits_of(debian, "package_sources")["package_sources"]
    lines = debian.tell("apt-get", "update", "--print-uris").splitlines()
    fetched = {line.split("'")[1].rpartition("@")[2].removesuffix("InRelease") for line in lines if "InRelease" in line}
    found = {
        f"{uri.rpartition('@')[2]}/{suite if suite.endswith('/') else f'dists/{suite}/'}"
        for source in told["sources"]
        if source["enabled"]
        for uri in source["uris"]
        for suite in source["suites"]
    }
    assert found == fetched
    assert [source["enabled"] for source in told["sources"]] == [True, True, False]
    assert "hunter2" not in json.dumps(told)


def test_updates_are_those_that_apt_lists(debian: BootedDebian) -> None:
    assert traits_of(debian, "package_updates")["package_updates"]["fetched"] is False
    debian.run("sh", "-c", f"mkdir -p /srv/repo && cd /srv/repo && {PACKAGES}")
    debian.write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/repo stable-security main\n")
    debian.run("apt-get", "-q", "update")
    told = traits_of(debian, "package_updates")["package_updates"]
    listed = debian.run("apt", "list", "--upgradable").stdout.splitlines()
    names = {line.partition("/")[0] for line in listed if "/" in line}
    assert names == {"cron", "sudo"}
    assert told["tool"] == "apt"
    assert told["fetched"] is True
    assert set(told["packages"]) == names
    assert (told["pending"], told["security"]) == (2, 2)
    assert told["packages"]["cron"] == {"version": "99:1", "security": True}


PACKAGES = """
folder=dists/stable-security/main/binary-$(dpkg --print-architecture) && mkdir -p $folder &&
for name in cron sudo; do
  printf 'Package: %s\\nVersion: 99:1\\nArchitecture: all\\nMaintainer: x\\nFilename: ./x.deb\\nSize: 1\\n' $name
  printf 'SHA256: %064d\\nDescription: x\\n\\n' 0
done > $folder/Packages && cd dists/stable-security &&
printf 'Suite: stable-security\\nCodename: stable-security\\nComponents: main\\nArchitectures: %s\\n' \\
  $(dpkg --print-architecture) > Release &&
printf 'Date: Thu, 01 Jan 2015 00:00:00 UTC\\nSHA256:\\n %s %s %s\\n' \\
  $(sha256sum main/*/Packages | cut -d' ' -f1) $(stat -c %s main/*/Packages) $(echo main/*/Packages) >> Release
"""


def test_a_reboot_is_due_when_the_marks_say_so(debian: BootedDebian) -> None:
    assert traits_of(debian, "reboot_required")["reboot_required"]["required"] is False
    debian.write("/var/run/reboot-required", "*** System restart required ***\n")
    debian.write("/var/run/reboot-required.pkgs", "linux-base\n")
    told = traits_of(debian, "reboot_required")["reboot_required"]
    assert (told["required"], told["reasons"], told["packages"]) == (True, ["/run/reboot-required"], ["linux-base"])
    assert told["running_kernel"] == debian.tell("uname", "-r")


def test_jobs_are_those_that_crontab_and_run_parts_list(debian: BootedDebian) -> None:
    debian.run("crontab", "-u", "games", "-", stdin="MAILTO=x\n*/5 * * * * echo hunter2\n@daily true\n")
    debian.write("/etc/cron.d/probe", "7 4 * * 1-5 games echo hunter2\n")
    debian.write("/etc/cron.d/probe.bak", "7 5 * * 1-5 games echo hunter2\n")
    told = traits_of(debian, "cron")["cron"]
    lines = [line for line in debian.tell("crontab", "-l", "-u", "games").splitlines() if line[:1] in "*@"]
    mine = [job for job in told["jobs"] if job["user"] == "games"]
    assert [job["schedule"] for job in mine] == ["7 4 * * 1-5", "*/5 * * * *", "@daily"]
    assert len(lines) == 2
    assert {job["file"] for job in mine} == {"/etc/cron.d/probe", "/var/spool/cron/crontabs/games"}
    daily = debian.tell("run-parts", "--list", "/etc/cron.daily").splitlines()
    assert told["scripts"]["daily"] == sorted(path.rpartition("/")[2] for path in daily)
    assert "hunter2" not in json.dumps(told)


def test_rules_are_those_that_sudo_lists_for_a_user(debian: BootedDebian) -> None:
    rules = (
        "User_Alias PROBES = games, news\nCmnd_Alias RELOAD = /usr/bin/systemctl reload ssh, /usr/bin/id\n"
        "PROBES ALL = (root) NOPASSWD: RELOAD, PASSWD: /usr/bin/true\n"
    )
    debian.write("/etc/sudoers.d/probe", rules, "0440")
    debian.run("visudo", "--check")
    told = traits_of(debian, "sudo")["sudo"]
    mine = [rule for rule in told["permissions"] if "games" in rule["who"]]
    listed = debian.tell("sudo", "--list", "--other-user=games").splitlines()
    assert [(rule["asks_password"], rule["commands"]) for rule in mine] == [
        (False, ["/usr/bin/systemctl reload ssh", "/usr/bin/id"]),
        (True, ["/usr/bin/true"]),
    ]
    assert [line.strip() for line in listed if line.startswith("    (")] == [
        "(root) NOPASSWD: /usr/bin/systemctl reload ssh, /usr/bin/id, PASSWD: /usr/bin/true"
    ]
    assert told["present"]
    assert told["unknown_lines"] == 0
