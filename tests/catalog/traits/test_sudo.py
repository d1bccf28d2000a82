import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.sudo import SudoPermission, SudoTraits, collect_sudo
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

ABSENT = SudoTraits(present=False, permissions=(), count=0, defaults=(), unknown_lines=0)


def permission(*who: str, file: str = "/etc/sudoers", **fields: object) -> SudoPermission:
    usual: dict[str, object] = {
        "hosts": ("ALL",),
        "run_as_users": ("ALL",),
        "run_as_groups": (),
        "commands": ("ALL",),
        "asks_password": True,
    }
    return SudoPermission(who=who, file=file, **{**usual, **fields})  # type: ignore[arg-type]


def collected(host: FakeHost) -> SudoTraits:
    found = collect_sudo.collect(host)
    assert isinstance(found, SudoTraits)
    return found


def test_the_rules_of_debian_and_of_its_folder_are_told() -> None:
    files: Files = {
        "/etc/sudoers": "Defaults\tenv_reset\nUser_Alias DEPLOY = ann, bob\n"
        "%sudo\tALL=(ALL) ALL\n@includedir /etc/sudoers.d\n",
        "/etc/sudoers.d/README": "# nothing\n",
        "/etc/sudoers.d/deploy": "DEPLOY ALL=(root) NOPASSWD: /usr/bin/systemctl reload nginx\nnonsense\n",
        "/etc/sudoers.d/old.bak": "%all ALL=(ALL) NOPASSWD: ALL\n",
        "/etc/sudoers.d/old~": "%all ALL=(ALL) NOPASSWD: ALL\n",
    }
    assert collected(debian(files)) == SudoTraits(
        present=True,
        permissions=(
            permission("%sudo"),
            permission(
                "ann",
                "bob",
                file="/etc/sudoers.d/deploy",
                run_as_users=("root",),
                commands=("/usr/bin/systemctl reload nginx",),
                asks_password=False,
            ),
        ),
        count=2,
        defaults=("env_reset",),
        unknown_lines=1,
    )


def test_the_older_form_of_an_include_in_red_hats_file_is_no_comment() -> None:
    files: Files = {
        "/etc/sudoers": "## Allows people in group wheel\n%wheel\tALL=(ALL)\tALL\n#includedir /etc/sudoers.d\n",
        "/etc/sudoers.d/90-cloud-init-users": "rocky ALL=(ALL) NOPASSWD:ALL\n",
    }
    assert collected(redhat(files)).permissions == (
        permission("%wheel"),
        permission("rocky", file="/etc/sudoers.d/90-cloud-init-users", asks_password=False),
    )


def test_opensuse_keeps_the_file_of_its_package_elsewhere_and_sudo_rs_has_its_own() -> None:
    files: Files = {"/usr/etc/sudoers": "Defaults targetpw\nALL   ALL=(ALL) ALL\n@include sudoers.local\n"}
    assert collected(FakeHost(files)).permissions == (permission("ALL", file="/usr/etc/sudoers"),)
    both: Files = {"/etc/sudoers": "ann ALL=(ALL) ALL\n", "/etc/sudoers-rs": "bob ALL=(ALL) ALL\n"}
    assert collected(alpine(both)).permissions == (permission("bob", file="/etc/sudoers-rs"),)


def test_files_that_include_each_other_are_read_once() -> None:
    files: Files = {
        "/etc/sudoers": "@include /etc/more\nann ALL=(ALL) ALL\n",
        "/etc/more": "@include /etc/sudoers\nbob ALL=(ALL) ALL\n",
    }
    assert [one.who for one in collected(debian(files)).permissions] == [("ann",), ("bob",)]


@pytest.mark.parametrize("host", [FakeHost(), image(), alpine()])
def test_a_host_without_sudo_has_no_rules(host: FakeHost) -> None:
    assert collected(host) == ABSENT


def test_an_image_has_its_rules() -> None:
    assert collected(image({"/etc/sudoers": "root ALL=(ALL) ALL\n"})).permissions == (permission("root"),)


def test_of_much_the_first_is_told_and_all_is_counted() -> None:
    commands = ", ".join(f"/bin/{number} {'x' * 5}" for number in range(60))
    text = f"ann ALL=(ALL) {commands}\nbob ALL=(ALL) /bin/{'y' * 300}\n" + "cid ALL=(ALL) ALL\n" * 200
    found = collected(debian({"/etc/sudoers": text}))
    assert (len(found.permissions), found.count) == (100, 202)
    assert len(found.permissions[0].commands) == 50
    assert len(found.permissions[1].commands[0]) == 200


@pytest.mark.parametrize("path", ["/etc/sudoers", "/etc/sudoers.d/x"])
def test_an_unreadable_file_is_told(path: str) -> None:
    files: Files = {"/etc/sudoers": "@includedir /etc/sudoers.d\n", **unreadable(path)}
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_sudo.collect(debian(files))
