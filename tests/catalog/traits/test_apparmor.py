import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.apparmor import ApparmorTraits, collect_apparmor
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

ON = "/sys/module/apparmor/parameters/enabled"
PROFILES = "/sys/kernel/security/apparmor/profiles"
OFF = ApparmorTraits(enabled=False, told=False, profiles={}, counts={})


def collected(host: FakeHost) -> ApparmorTraits:
    found = collect_apparmor.collect(host)
    assert isinstance(found, ApparmorTraits)
    return found


def test_the_profiles_of_debian_are_told_by_their_mode() -> None:
    files: Files = {
        ON: "Y\n",
        PROFILES: "/usr/sbin/ntpd (enforce)\n/usr/bin/man (enforce)\nlsb_release (complain)\n",
    }
    assert collected(debian(files)) == ApparmorTraits(
        enabled=True,
        told=True,
        profiles={"complain": ("lsb_release",), "enforce": ("/usr/bin/man", "/usr/sbin/ntpd")},
        counts={"complain": 1, "enforce": 2},
    )


def test_suse_and_ubuntu_have_modes_of_newer_kernels() -> None:
    suse: Files = {ON: "Y\n", PROFILES: "dovecot (enforce)\nchrome (unconfined)\n"}
    ubuntu: Files = {ON: "Y\n", PROFILES: "snap.x.y (prompt)\nusr.bin.z (kill)\n"}
    assert collected(FakeHost(suse)).counts == {"enforce": 1, "unconfined": 1}
    assert collected(debian(ubuntu)).counts == {"kill": 1, "prompt": 1}


def test_where_the_list_is_not_mounted_nothing_is_told_of_profiles() -> None:
    assert collected(debian({ON: "Y\n"})) == ApparmorTraits(enabled=True, told=False, profiles={}, counts={})


@pytest.mark.parametrize(
    "host", [FakeHost(), redhat(), alpine({ON: "N\n"}), image({ON: "Y\n", PROFILES: "x (kill)\n"})]
)
def test_where_it_is_off_there_are_no_profiles(host: FakeHost) -> None:
    assert collected(host) == OFF


def test_of_much_the_first_is_told_and_all_is_counted() -> None:
    profiles = "".join(f"p{number:04} (enforce)\n" for number in range(500))
    found = collected(debian({ON: "Y\n", PROFILES: profiles}))
    assert (len(found.profiles["enforce"]), found.counts) == (300, {"enforce": 500})


def test_an_unreadable_list_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_apparmor.collect(debian({ON: "Y\n", **unreadable(PROFILES)}))
