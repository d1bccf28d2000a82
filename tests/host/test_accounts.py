from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

# `openssl passwd -6 -salt testsalt01 secret`
HASH = "$6$testsalt01$HKKf0HdubeNdmZuiKcq7oClAC/S2TBS.QubTWRNELKBqF/7SYX5/69vkdRt3bpwzU/UMqKTRim9EyPD6au.Y9/"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk3J0dGkyJ0cZ3c2cRk4Jm1H7l0mJx8c9vVn4uG8bqf deploy@vigo.invalid"


BASH = {"shell": "/bin/bash"}


def deploy(**fields: object) -> PlannedResource:
    return declared("user", "deploy", user="deploy", **fields)


def passwd(debian: BootedDebian, name: str = "deploy") -> list[str]:
    """Return the fields that the name service tells of a user."""
    return debian.tell("getent", "passwd", name).split(":")


def shadow(debian: BootedDebian, name: str = "deploy") -> list[str]:
    return debian.tell("getent", "shadow", name).split(":")


def groups(debian: BootedDebian, name: str = "deploy") -> set[str]:
    return set(debian.tell("id", "--groups", "--name", name).split())


def metadata(debian: BootedDebian, path: str) -> str:
    return debian.tell("stat", "--format=%A %U %G", path)


def test_a_user_is_made_as_declared_and_again_after_it_was_removed_by_hand(debian: BootedDebian) -> None:
    user = deploy(uid=4321, **BASH, home="/srv/deploy", comment="Deployment", groups=["adm"], manage_home=True)
    for _ in range(2):
        debian.changes(user)
        assert passwd(debian) == ["deploy", "x", "4321", "4321", "Deployment", "/srv/deploy", "/bin/bash"]
        assert groups(debian) == {"deploy", "adm"}
        # How wide a new home is, login.defs(5) says.
        assert metadata(debian, "/srv/deploy").split()[1:] == ["deploy", "deploy"]
        debian.run("userdel", "--remove", "deploy")


def test_each_field_of_a_user_is_changed_and_healed(debian: BootedDebian) -> None:
    debian.changes(deploy(manage_home=True))
    debian.run("touch", "/home/deploy/kept")
    debian.changes(deploy(**BASH, comment="New", groups=["adm", "audio"]))
    assert passwd(debian)[4:] == ["New", "/home/deploy", "/bin/bash"]
    assert groups(debian) == {"deploy", "adm", "audio"}
    debian.changes(deploy(home="/srv/moved", manage_home=True))
    debian.run("test", "-e", "/srv/moved/kept")
    assert metadata(debian, "/srv/moved").split()[1:] == ["deploy", "deploy"]
    debian.run("usermod", "--shell", "/bin/false", "--groups", "", "deploy")
    healed = debian.changes(deploy(**BASH, groups=["adm"]))["deploy"]
    assert set(healed.changed) == {"shell", "groups"}
    assert passwd(debian)[6] == "/bin/bash"
    assert groups(debian) == {"deploy", "adm"}


def test_a_uid_moves_and_the_home_with_it(debian: BootedDebian) -> None:
    debian.changes(deploy(uid=4321, manage_home=True))
    debian.changes(deploy(uid=4322, manage_home=True))
    assert debian.tell("stat", "--format=%u", "/home/deploy") == "4322"


def test_a_password_hash_is_set_locked_and_healed(debian: BootedDebian) -> None:
    debian.changes(deploy(password_hash=HASH))
    assert shadow(debian)[1] == HASH
    debian.changes(deploy(password_hash=HASH, locked=True))
    assert shadow(debian)[1] == f"!{HASH}"
    assert debian.tell("passwd", "--status", "deploy").split()[1] == "L"
    debian.keeps(deploy(password_hash=HASH))
    debian.changes(deploy(password_hash=HASH, locked=False))
    assert debian.tell("passwd", "--status", "deploy").split()[1] == "P"
    debian.run("chpasswd", "--encrypted", stdin="deploy:*\n")
    debian.changes(deploy(password_hash=HASH))
    assert shadow(debian)[1] == HASH


def test_a_password_in_clear_is_hashed_so_that_the_system_takes_it(debian: BootedDebian) -> None:
    result = debian.changes(deploy(password="correct horse", manage_home=True))["deploy"]
    assert "correct horse" not in str(result)
    hashed = shadow(debian)[1]
    salt = hashed.split("$")[2]
    assert hashed == debian.tell("perl", "-e", f"print crypt('correct horse', '$6${salt}')")


def test_an_account_expires_and_stops_to(debian: BootedDebian) -> None:
    debian.changes(deploy(expires="2031-01-31"))
    assert "Account expires\t\t\t\t\t\t: Jan 31, 2031" in debian.tell("chage", "--list", "deploy").splitlines()
    debian.changes(deploy(expires="never"))
    assert "Account expires\t\t\t\t\t\t: never" in debian.tell("chage", "--list", "deploy").splitlines()


def test_authorized_keys_are_exactly_the_declared_ones_and_the_users_own(debian: BootedDebian) -> None:
    debian.changes(deploy(manage_home=True, authorized_keys=[KEY]))
    path = "/home/deploy/.ssh/authorized_keys"
    assert debian.tell("cat", path) == KEY
    assert metadata(debian, path) == "-rw------- deploy deploy"
    assert metadata(debian, "/home/deploy/.ssh") == "drwx------ deploy deploy"
    debian.write(path, f"{KEY}\nssh-ed25519 AAAA intruder\n", mode="0666")
    debian.changes(deploy(manage_home=True, authorized_keys=[KEY]))
    assert debian.tell("cat", path) == KEY
    assert metadata(debian, path) == "-rw------- deploy deploy"
    debian.changes(deploy(manage_home=True, authorized_keys=[]))
    assert not debian.tell("cat", path)


def test_a_system_user_has_a_low_number_and_no_login(debian: BootedDebian) -> None:
    debian.changes(deploy(system=True))
    entry = passwd(debian)
    assert 100 <= int(entry[2]) < 1000
    assert entry[6] == "/usr/sbin/nologin"
    assert debian.run("su", "deploy", "--command", "true", check=False).returncode != 0


def test_an_absent_user_is_gone_and_its_home_only_where_that_is_managed(debian: BootedDebian) -> None:
    debian.changes(deploy(manage_home=True))
    debian.changes(deploy(state="absent"))
    assert debian.run("getent", "passwd", "deploy", check=False).returncode == 2
    debian.run("test", "-d", "/home/deploy")
    debian.run("rm", "-r", "/home/deploy")
    debian.changes(deploy(manage_home=True))
    debian.changes(deploy(state="absent", manage_home=True))
    assert debian.run("test", "-e", "/home/deploy", check=False).returncode == 1
    assert debian.run("getent", "group", "deploy", check=False).returncode == 2
    debian.keeps(deploy(state="absent"))


def test_a_user_that_is_logged_in_is_not_removed_and_the_reason_is_told(debian: BootedDebian) -> None:
    debian.changes(deploy(manage_home=True))
    debian.run("systemd-run", "--unit=session", "--uid=deploy", "/bin/sleep", "infinity")
    result = debian.apply(deploy(state="absent"))["deploy"]
    assert result.outcome == "failed"
    assert "currently used by process" in result.reason


def test_a_group_has_exactly_its_members(debian: BootedDebian) -> None:
    users = [declared("user", name, user=name) for name in ("ann", "bob", "eve")]
    debian.changes(*users)

    def team(**fields: object) -> PlannedResource:
        return declared("group", "team", group="team", **fields)

    debian.changes(team(gid=5432, members=["ann", "bob"]))
    assert debian.tell("getent", "group", "team") == "team:x:5432:ann,bob"
    debian.run("gpasswd", "--add", "eve", "team")
    debian.run("gpasswd", "--delete", "ann", "team")
    debian.changes(team(gid=5432, members=["ann", "bob"]))
    assert set(debian.tell("getent", "group", "team").split(":")[3].split(",")) == {"ann", "bob"}
    debian.changes(team(gid=5433, members=[]))
    assert debian.tell("getent", "group", "team") == "team:x:5433:"
    debian.changes(team(state="absent"))
    assert debian.run("getent", "group", "team", check=False).returncode == 2


def test_a_group_and_its_users_come_up_in_one_run(debian: BootedDebian) -> None:
    group = declared("group", "team", group="team")
    user = declared("user", "ann", user="ann", gid="team", groups=["adm"], depends_on=["team"])
    owned = declared("file", "owned", path="/srv/owned", owner="ann", group="team", depends_on=["ann"])
    debian.changes(group, user, owned)
    assert metadata(debian, "/srv/owned") == "-rw-r--r-- ann team"


def test_a_primary_group_is_not_taken_from_its_user(debian: BootedDebian) -> None:
    debian.changes(deploy())
    result = debian.apply(declared("group", "deploy", group="deploy", state="absent"))["deploy"]
    assert result.outcome == "failed"
    assert "primary group" in result.reason


def test_the_account_files_stay_sound(debian: BootedDebian) -> None:
    before = [debian.run(check, "-r", check=False).stdout for check in ("pwck", "grpck")]
    debian.changes(deploy(manage_home=True, password_hash=HASH, groups=["adm"]))
    debian.changes(declared("group", "team", group="team", members=["deploy"]))
    assert [debian.run(check, "-r", check=False).stdout for check in ("pwck", "grpck")] == before
