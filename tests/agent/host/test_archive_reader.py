"""Archives that are damaged, or made to harm who unpacks them."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.host.archives import directory, hard_link, symlink, tar_of, zip_of
from vigo.agent.host import archive_reader
from vigo.agent.host.archive_reader import Budget, content_of, members_of
from vigo.catalog.formats.archive_members import Members
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, TooLargeError, VigoError

MIB = 1024 * 1024


def read(content: bytes, folder: Path, *, seconds: float = 600, budget: Budget | None = None) -> dict[str, int]:
    """Return the names in an archive and the sizes of their contents."""
    (folder / "archive").write_bytes(content)
    bounds = budget or Budget(len(content), time.monotonic() + seconds)
    with (folder / "archive").open("rb") as archive:
        found = {}
        for one in members_of(archive, Members(), bounds, str(folder)):
            found[one.member.path] = sum(map(len, content_of(one, bounds))) if one.open is not None else 0
        return found


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../x", b"x"), "`..` in it"),
        (("a/../../x", b"x"), "`..` in it"),
        (("/etc/passwd", b"x"), "an absolute one"),
        (("x\x1b[2J", b"x"), "control characters"),
        ((b"x\xff".decode(errors="surrogateescape"), b"x"), "UTF-8"),
        ((".vigo-archive", b"x"), "kept for Vigo"),
        (("l", symlink("/etc/passwd")), "relative to where it is"),
        (("l", symlink("../x")), "stays in the folder"),
        (("l", hard_link("/etc/passwd")), "an absolute one"),
        (("l", hard_link("../../etc/passwd")), "`..` in it"),
        (("l", hard_link("missing")), "an earlier file"),
        (("d", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}), "a device"),
        (("d", {"type": tarfile.BLKTYPE, "devmajor": 8}), "a device"),
        (("d", {"type": tarfile.FIFOTYPE}), "a device, pipe"),
        (("d", {"type": b"Z"}), "something else"),
    ],
)
def test_a_member_of_a_tar_that_may_harm_is_refused(member: tuple[str, object], reason: str, tmp_path: Path) -> None:
    archive = tar_of(("first", b"x"), member, format=tarfile.GNU_FORMAT)
    with pytest.raises(InvalidError, match=reason):
        read(archive, tmp_path)


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../x", b"x", 0), "`..` in it"),
        (("/etc/passwd", b"x", 0), "an absolute one"),
        (("a\\..\\x", b"x", 0), "expected `/` between names"),
        (("l", b"../../etc/passwd", stat.S_IFLNK | 0o777), "stays in the folder"),
        (("l", b"/etc/passwd", stat.S_IFLNK | 0o777), "relative to where it is"),
        (("l", b"x" * 5000, stat.S_IFLNK | 0o777), "at most 4095 bytes"),
        (("d", b"", stat.S_IFCHR | 0o666), "something else"),
        (("d", b"", stat.S_IFIFO | 0o666), "something else"),
    ],
)
def test_a_member_of_a_zip_that_may_harm_is_refused(
    member: tuple[str, bytes, int], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidError, match=reason):
        read(zip_of(("first", b"x", 0), member), tmp_path)


def test_nothing_goes_through_a_symlink_of_the_archive_itself(tmp_path: Path) -> None:
    through = tar_of(("d", directory()), ("d/l", symlink(".")), ("d/l/x", b"x"))
    with pytest.raises(InvalidError, match="a symlink there"):
        read(through, tmp_path)
    # Each link alone stays inside, as it is written; one through the other would not.
    chain = tar_of(("a/b/up", symlink("../..")), ("out", symlink("a/b/up/../../etc")))
    with pytest.raises(InvalidError, match="stays in the folder"):
        read(chain, tmp_path)


def test_a_second_member_of_one_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="expected each name once"):
        read(tar_of(("x", symlink("y")), ("x", b"x")), tmp_path)


def test_a_password_and_a_name_with_nul_are_refused(tmp_path: Path) -> None:
    archive = bytearray(zip_of(("name", b"x", 0)))
    table = archive.index(b"PK\x01\x02")
    encrypted = bytes(archive[: table + 8]) + b"\x01\x00" + bytes(archive[table + 10 :])
    with pytest.raises(InvalidError, match="without a password"):
        read(encrypted, tmp_path)
    with pytest.raises(InvalidError):
        read(bytes(archive).replace(b"name", b"n\0me"), tmp_path)


@pytest.mark.parametrize("packed", ["gz", "xz", "zip"])
def test_a_bomb_ends_at_the_largest_ratio(packed: str, tmp_path: Path) -> None:
    zeros = bytes(MIB) * 200
    if packed == "zip":
        archive = zip_of(("x", zeros, 0))
    else:
        tar = tar_of(("x", zeros))
        archive = gzip.compress(tar) if packed == "gz" else lzma.compress(tar)
    assert len(archive) * archive_reader.MAX_RATIO < len(zeros)
    tracemalloc.start()
    with pytest.raises(TooLargeError, match="in an archive of this size"):
        read(archive, tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    tracemalloc.stop()


def test_members_that_are_passed_over_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "FREE_BYTES", MIB)
    archive = tar_of(("x", bytes(20 * MIB)), mode="w:gz")
    with (tmp_path / "archive").open("w+b") as stream:
        stream.write(archive)
        stream.seek(0)
        with pytest.raises(TooLargeError):
            tuple(members_of(stream, Members(strip=1), Budget(len(archive), time.monotonic() + 600), str(tmp_path)))


def test_a_sparse_file_is_as_large_as_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "FREE_BYTES", MIB)
    info = tarfile.TarInfo("x")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"00000000000\0" * 2
    header[483:495] = b"77777777777\0"
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:512]) + 8 * 32)
    with pytest.raises(TooLargeError):
        read(bytes(header) + bytes(1024), tmp_path)


def test_a_header_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE):
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, 3 * 1024 * MIB
        archive = gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(40 * MIB))
        with pytest.raises(VigoError, match=r"expected headers of at most|found something else or a damaged one"):
            read(archive, tmp_path)


def test_headers_on_headers_end(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    one = info.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
    with pytest.raises(InvalidError, match="damaged"):
        read(one * 5000 + bytes(1024), tmp_path)


def test_xz_may_not_ask_for_all_memory(tmp_path: Path) -> None:
    stream = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    archive = bytearray(stream.compress(tar_of(("x", b"x"))) + stream.flush())
    # 2 GiB as the dictionary's size in the block header, and the header's checksum. Source: The .xz File Format, 3.1.
    size = (archive[12] + 1) * 4
    archive[16] = 38
    archive[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(bytes(archive[12 : 12 + size - 4])))
    with pytest.raises(InvalidError, match=r"[Mm]emory"):
        read(bytes(archive), tmp_path)


def test_xz_in_several_streams_is_read_whole(tmp_path: Path) -> None:
    tar = tar_of(("x", b"x" * 5000), ("y", b"y"))
    archive = lzma.compress(tar[:1000]) + bytes(8) + lzma.compress(tar[1000:]) + bytes(4)
    assert read(archive, tmp_path) == {"x": 5000, "y": 1}
    with pytest.raises(InvalidError, match="damaged"):
        read(lzma.compress(tar_of(("x", bytes(range(256)) * 40)))[:300], tmp_path)


def test_a_table_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_AT_ONCE_BYTES", 1000)
    with pytest.raises(TooLargeError, match="whose table has at most 1000 bytes"):
        read(zip_of(*((f"{number:030}", b"", 0) for number in range(50))), tmp_path)


def test_reading_ends_with_the_time(tmp_path: Path) -> None:
    for archive in (tar_of(("x", b"x")), zip_of(("x", b"x", 0))):
        with pytest.raises(TimedOutError, match="in time"):
            read(archive, tmp_path, seconds=-1)


def test_zstd_needs_a_python_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(archive_reader.importlib, "import_module", missing)
    with pytest.raises(BlockedError, match="packed by gzip or xz"):
        read(b"\x28\xb5\x2f\xfd" + bytes(100), tmp_path)


TAR = tar_of(("d", directory()), ("d/x", b"x" * 600), ("l", symlink("d/x")), ("d/h", hard_link("d/x")))
SAMPLES = [
    *(TAR, gzip.compress(TAR), lzma.compress(TAR), bz2.compress(TAR)),
    *(zip_of(("d/", b"", 0), ("d/x", b"x" * 600, 0), ("l", b"d/x", stat.S_IFLNK | 0o777)),),
    *(zip_of(("x", b"x" * 600, 0), method=one) for one in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 12_000), st.integers(0, 255)), max_size=6), st.data()
)
def test_a_damaged_archive_is_read_or_refused(
    sample: bytes, changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    content = bytearray(sample)
    for place, value in changes:
        content[place % len(content)] = value
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    _read_or_refuse(bytes(content))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"PK\x03\x04", b"PK\x05\x06"]), st.binary())
def test_garbage_is_refused(start: bytes, content: bytes) -> None:
    _read_or_refuse(start + content)


def _read_or_refuse(content: bytes) -> None:
    bounds, stream = Budget(len(content), time.monotonic() + 600), _InMemory(content)
    try:
        for one in members_of(stream, Members(), bounds, "/nowhere"):
            for _ in content_of(one, bounds):
                pass
    except VigoError as error:
        assert str(error)  # noqa: PT017 - any other exception fails the test


class _InMemory(io.BytesIO):
    """Has no descriptor, as the reader asks for one."""

    def fileno(self) -> int:
        return _EMPTY.fileno()


_EMPTY = Path("/dev/null").open("rb")  # noqa: SIM115 - it is there as long as the tests
