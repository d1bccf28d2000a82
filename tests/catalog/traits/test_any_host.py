from collections.abc import Sequence
from contextlib import nullcontext, suppress

from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.traits.hosts import alpine, debian, image, redhat
from vigo.catalog.api import CommandResult
from vigo.catalog.scan import collectors
from vigo.core.encoding import encode
from vigo.core.errors import VigoError
from vigo.testing.fake_host import FakeHost

SETS = {
    "os",
    "hardware",
    "network",
    "memory",
    "filesystems",
    "uptime",
    "users",
    "packages",
    "time",
    "agent",
}
TEXTS = st.text() | st.text(st.sampled_from("0123456789abcdef:/.= \n\tkBx-"), max_size=120)


class GarbledHost(FakeHost):
    """Says the same garbage in each file and answer."""

    def __init__(self, text: str, *, is_image: bool) -> None:
        super().__init__({"/etc/localtime": text}, image=is_image)
        self._text = text

    def read_text(self, path: str) -> str | None:
        del path
        return self._text

    def read_bytes(self, path: str) -> bytes | None:
        del path
        return self._text.encode(errors="replace")

    def read_link(self, path: str) -> str | None:
        del path
        return self._text

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        del path
        return ("a", "eth0", "lo")

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        del argv
        return CommandResult(0, self._text)

    def has_program(self, name: str) -> bool:
        del name
        return True


def test_the_sets_of_the_first_version_are_there() -> None:
    assert set(collectors()) >= SETS


def test_a_set_stands_in_the_file_of_its_name() -> None:
    assert all(one.schema.__module__.rpartition(".")[2] == name for name, one in collectors().items())


@given(TEXTS, st.booleans())
def test_no_content_of_a_host_makes_a_collector_crash(text: str, is_image: bool) -> None:  # noqa: FBT001 - a drawn value
    host = GarbledHost(text, is_image=is_image)
    for one in collectors().values():
        with suppress(VigoError):
            encode(one.collect(host))


def test_collecting_changes_nothing_and_asks_only_programs_that_read() -> None:
    readers = {"ip", "df", "uname", "dpkg-query", "rpm"}
    for host in (debian(), redhat(), alpine(), image()):
        before = host.snapshot()
        for one in collectors().values():
            with suppress(VigoError) if host.is_image() else nullcontext():
                one.collect(host)
        assert host.snapshot() == before
        assert {argv[0] for argv in host.questions} <= readers
        assert not host.runs
