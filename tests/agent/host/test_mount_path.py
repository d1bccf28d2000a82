import pytest

from tests.agent.host.conftest import World
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.mounts import MountPath, UnmountPath
from vigo.core.errors import BlockedError, UnavailableError


def says(text: str, status: int) -> tuple[str, ...]:
    return ("/bin/sh", "-c", 'printf "%s\\n" "$1" >&2; exit "$2"', "sh", text, str(status))


def test_what_is_in_use_is_blocked_and_the_report_says_how_to_find_out_by_whom(machine: RealHost) -> None:
    op = UnmountPath(argv=says("umount: /srv: target is busy.", 32), path="/srv")
    with pytest.raises(BlockedError, match=r"/srv is in use.*fuser.*target is busy"):
        Executors(machine).execute(op)


def test_another_failure_of_umount_is_told_as_it_is(machine: RealHost) -> None:
    op = UnmountPath(argv=says("umount: /srv: not mounted.", 32), path="/srv")
    with pytest.raises(UnavailableError, match=r"status 32, expected 0: umount: /srv: not mounted"):
        Executors(machine).execute(op)


def test_a_failure_of_mount_is_told_as_it_is(machine: RealHost) -> None:
    op = MountPath(argv=says("mount: /srv: wrong fs type", 32), path="/srv")
    with pytest.raises(UnavailableError, match="wrong fs type"):
        Executors(machine).execute(op)
    Executors(machine).execute(MountPath(argv=says("", 0), path="/srv"))


@pytest.mark.parametrize("op", [MountPath, UnmountPath])
def test_nothing_is_mounted_in_an_image(world: World, op: type[MountPath | UnmountPath]) -> None:
    with pytest.raises(BlockedError, match="not run in an image"):
        world.execute(op(argv=("/bin/true",), path="/srv"))


def test_the_guardrail_is_told_what_is_hidden_or_taken_away() -> None:
    assert MountPath(argv=("mount",), path="/srv").takes_away()
    assert UnmountPath(argv=("umount",), path="/srv").takes_away()
    assert not MountPath(argv=("mount",), path="/srv", is_remount=True).takes_away()
    assert MountPath(argv=("mount",), path="/srv").paths() == ("/srv",)
