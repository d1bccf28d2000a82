from tests.catalog.traits.hosts import alpine, debian, image, redhat
from vigo.catalog.traits.time import TimeTraits, collect_time
from vigo.testing.fake_host import FakeHost, FakeNode


def test_timesyncd_tells_whether_the_clock_was_set() -> None:
    expected = TimeTraits(zone="Europe/Berlin", ntp="systemd-timesyncd", synchronised=True)
    assert collect_time.collect(debian()) == expected
    waiting = FakeHost({"/run/systemd/timesync": FakeNode.directory()})
    assert collect_time.collect(waiting) == TimeTraits(zone="UTC", ntp="systemd-timesyncd", synchronised=False)


def test_chrony_runs_and_does_not_tell() -> None:
    assert collect_time.collect(redhat()) == TimeTraits(zone="UTC", ntp="chrony", synchronised=None)


def test_a_copied_zone_is_named_by_the_other_file() -> None:
    assert collect_time.collect(alpine()) == TimeTraits(zone="Asia/Tokyo", ntp="", synchronised=None)


def test_a_copied_zone_without_a_name_is_empty() -> None:
    assert collect_time.collect(FakeHost({"/etc/localtime": b"TZif2"})) == TimeTraits(
        zone="", ntp="", synchronised=None
    )


def test_an_image_has_a_zone() -> None:
    files = {"/etc/localtime": FakeNode.symlink("/usr/share/zoneinfo/posix/America/New_York")}
    assert collect_time.collect(image(files)) == TimeTraits(zone="America/New_York", ntp="", synchronised=None)
    assert collect_time.collect(image()) == TimeTraits(zone="UTC", ntp="", synchronised=None)
