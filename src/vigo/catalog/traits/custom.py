"""The trait set `custom`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec

from vigo.catalog.api import Command, FileStat, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.custom_facts import MOST_BYTES, name_of_file, parse_facts
from vigo.catalog.formats.kernel import parse_uptime
from vigo.core.encoding import encode
from vigo.core.errors import InvalidError, TimedOutError, TooLargeError, UnavailableError, VigoError

FOLDER: Final = "/etc/vigo/traits.d"
_FOLDERS: Final = ("/etc", "/etc/vigo", FOLDER)
_DATA: Final = (".json", ".txt")
_NOT_MEANT: Final = ("~", ".bak", ".orig", ".rpmnew", ".rpmsave", ".dpkg-old", ".dpkg-new", ".dpkg-dist")
_LIMIT: Final = timedelta(seconds=5)
_LIMIT_IN_ALL: Final = timedelta(seconds=45)
"""After this no further program is started, so that what the others told is not lost with the set's time limit."""
_MOST_OVERDUE: Final = 2
_MOST_FILES: Final = 64
_MOST_BYTES_IN_ALL: Final = 256 * 1024
_OTHERS_MAY_WRITE: Final = 0o022
_EXECUTABLE: Final = 0o111
_REFUSED: Final = "refused"


class CustomTraits(TraitSet, frozen=True, kw_only=True):
    """What the operators' own files and programs in `/etc/vigo/traits.d` tell, each under its name.

    A name is that of the file without the digits of its order and without its ending: `10-rack.sh` is `rack`.
    """

    is_open: ClassVar[bool] = True

    facts: Annotated[
        dict[str, Any],
        field(
            "Map of what the file or program NAME tells: a JSON object, or `key=value` lines whose values are texts.",
            example={"row": "12"},
        ),
    ] = msgspec.field(name="NAME")
    refused: Annotated[
        dict[str, str],
        field("Files that tell nothing, and why; at most 64.", example={"x.sh": "did not end within 5 s"}),
    ]

    def as_values(self) -> dict[str, Any]:
        """Return each fact under its own name."""
        return {**self.facts, _REFUSED: self.refused}


@collector("custom", every=timedelta(minutes=10), timeout=timedelta(seconds=60))
def collect_custom(host: ReadHost) -> CustomTraits:
    """Report what is in the folder, in the order of the files' names; of two with one name the first counts.

    Files are run as root, so they and their folders must be root's and nobody else's to write; in an image none is
    run, and data counts whoever owns it. One that fails costs no other.

    Raises:
        UnavailableError: others than root could put files there, or the folder cannot be read.
    """
    names = host.list_directory(FOLDER)
    if names is None:
        return CustomTraits(facts={}, refused={})
    for folder in _FOLDERS:
        reason = _distrusted(host, host.stat(folder), "directory")
        if reason:
            raise UnavailableError(f"{folder}: {reason}; nothing in {FOLDER} is looked at until then")
    return _Gathering(host).of(tuple(_meant(names)))


class _Gathering:
    """What was told so far: it bounds what is still to come."""

    def __init__(self, host: ReadHost) -> None:
        self._host = host
        self._file_of: dict[str, str] = {}
        self._left_bytes = _MOST_BYTES_IN_ALL
        self._overdue = 0
        self._started = self._uptime_seconds()

    def of(self, files: tuple[str, ...]) -> CustomTraits:
        """Return what the files tell."""
        facts: dict[str, Any] = {}
        refused: dict[str, str] = {}
        for file in files[:_MOST_FILES]:
            try:
                name = self._free_name(file)
                facts[name] = self._told(file)
                self._file_of[name] = file
            except VigoError as error:
                refused[file] = str(error)
        left_out = len(files) - _MOST_FILES
        if left_out > 0:
            refused["..."] = f"expected at most {_MOST_FILES} files, found {left_out} more; they are not looked at"
        return CustomTraits(facts=facts, refused=refused)

    def _free_name(self, file: str) -> str:
        name = name_of_file(file)
        if name == _REFUSED:
            raise InvalidError(f"expected another name, found {_REFUSED}, by which refused files are told; rename it")
        if name in self._file_of:
            raise InvalidError(f"expected each name once, found {name} told by {self._file_of[name]} too; rename one")
        return name

    def _told(self, file: str) -> dict[str, Any]:
        path = f"{FOLDER}/{file}"
        found = self._host.stat(path)
        reason = _distrusted(self._host, found, "file")
        if reason or found is None:
            raise UnavailableError(reason)
        is_program, is_data = bool(found.mode & _EXECUTABLE), file.endswith(_DATA)
        if is_program and is_data:
            raise InvalidError("expected data, found a program by its mode; chmod a-x it, or take its ending away")
        if is_program:
            text = self._printed(path)
        elif is_data:
            text = self._content(path, found)
        else:
            raise InvalidError("expected a program or a file that ends in .json or .txt, found neither; chmod 755 it")
        facts = parse_facts(text)
        size_bytes = len(encode(facts))
        if size_bytes > self._left_bytes:
            raise TooLargeError(f"expected at most {_MOST_BYTES_IN_ALL} bytes of all files, found more; tell less")
        self._left_bytes -= size_bytes
        return facts

    def _content(self, path: str, found: FileStat) -> str:
        if found.size_bytes > MOST_BYTES:
            raise TooLargeError(f"expected at most {MOST_BYTES} bytes, found {found.size_bytes}; tell less")
        return self._host.read_text(path) or ""

    def _printed(self, path: str) -> str:
        if self._host.is_image():
            raise UnavailableError("not run in an image (--root): it would tell of the running machine")
        if self._overdue >= _MOST_OVERDUE:
            raise TimedOutError(f"not run: {_MOST_OVERDUE} programs before it did not end in time; make them faster")
        if self._uptime_seconds() - self._started >= _LIMIT_IN_ALL.total_seconds():
            seconds = f"{_LIMIT_IN_ALL.total_seconds():g} s"
            raise TimedOutError(f"not run: the programs before it took {seconds} together; make them faster")
        try:
            result = self._host.check(Command(argv=(path,), timeout=_LIMIT))
        except TimedOutError as error:
            self._overdue += 1
            seconds = f"{_LIMIT.total_seconds():g} s"
            raise TimedOutError(f"expected it to end within {seconds}, found it running and ended it") from error
        if result.status != 0:
            # What it printed may hold secrets.
            raise UnavailableError(f"expected it to end with status 0, found {result.status}; run it by hand")
        return result.stdout

    def _uptime_seconds(self) -> int:
        """Return the seconds since the host's start, 0 where no kernel tells: two of them are told apart."""
        return parse_uptime(self._host.read_text("/proc/uptime") or "") or 0


def _meant(names: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of files that are there to be looked at: not README, hidden files and what editors leave."""
    for name in names:
        if not name.startswith((".", "README")) and not name.endswith(_NOT_MEANT):
            yield name


def _distrusted(host: ReadHost, found: FileStat | None, kind: str) -> str:
    """Return why something cannot be trusted with root's rights, or an empty text."""
    if found is None:
        return f"expected a {kind}, found it gone"
    if found.kind != kind:
        return f"expected a {kind}, found a {found.kind}; put the {kind} itself there"
    if found.uid != 0 and not host.is_image():
        return f"expected root to own it, found uid {found.uid}; chown root:root it"
    if found.mode & _OTHERS_MAY_WRITE:
        return f"expected that root alone may write it, found mode {found.mode:04o}; chmod go-w it"
    return ""
