"""A few bytes that would become gigabytes, or a stack without an end, in every parser of foreign bytes.

Each is tried in a process that may take a gigabyte of addresses in all: a parser that unpacks first dies there.
"""

import subprocess
import sys

import pytest

_PROLOGUE = """
import resource
from vigo.core.errors import VigoError
{imports}
bomb = {bomb}
assert len(bomb) < 3_000_000, len(bomb)
resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}))
try:
    {read}
except VigoError as error:
    print(error.code)
else:
    print("taken")
"""
_MOST_BYTES = 1 << 30

ZEROS = "zstandard.ZstdCompressor(level=19).compress(bytes(1 << 28))"
# A frame that says that it holds 2^60 bytes. Source: RFC 8878, section 3.1.1.
ANNOUNCED = "b'\\x28\\xb5\\x2f\\xfd\\xe0' + (1 << 60).to_bytes(8, 'little') + b'\\x01\\x00\\x00'"
BUNDLE = """
import zstandard
from datetime import UTC, datetime
from vigo.core.bundle import SignedBundle, _message, open_bundle
from vigo.core.encoding import decode, digest
from vigo.core.plan import Plan
from vigo.core.signing import SigningKey, VerifyKey
key = SigningKey(bytes(32))
def opened(data):
    end = datetime(2030, 1, 1, tzinfo=UTC)
    signature = key.sign(_message(digest(data), 1, end, data))
    given = dict(digest=digest(data), generation=1, not_after=end, compressed_plan=data, signature=signature)
    return open_bundle(SignedBundle(**given), (VerifyKey(key.public),))
"""
TRAITS = "import zstandard\nfrom vigo.core.traits import unpack_traits"
WIRE = "from vigo.core.wire.messages import CheckIn, SignedRequest, run_from_bytes"
SETTINGS = """
import tempfile, pathlib
from vigo.server.platform.settings.load import load_settings
def loaded(data):
    path = pathlib.Path(tempfile.mkdtemp()) / "server.yaml"
    path.write_bytes(data)
    return load_settings(path)
"""
LAUGHS = """b'a: &a [x,x,x,x,x,x,x,x,x]\\n' + b''.join(
    b'%c: &%c [%s]\\n' % (n, n, b','.join([b'*%c' % (n - 1)] * 9)) for n in range(98, 122))"""
NESTED = "b''.join(b'\\x0a' + bytes([0x80 | (n & 0x7f), n >> 7 or 0]) for n in range(16_000, 0, -1))"

BOMBS = {
    "traits, zeros": (TRAITS, ZEROS, "unpack_traits(bomb)"),
    "traits, announced": (TRAITS, ANNOUNCED, "unpack_traits(bomb)"),
    "bundle, zeros": (BUNDLE, ZEROS, "opened(bomb)"),
    "bundle, announced": (BUNDLE, ANNOUNCED, "opened(bomb)"),
    "plan, an array of 2^32": (BUNDLE, "b'\\xdd\\xff\\xff\\xff\\xff'", "decode(bomb, Plan)"),
    "plan, a text of 2^32 bytes": (BUNDLE, "b'\\xdb\\xff\\xff\\xff\\xff'", "decode(bomb, Plan)"),
    "plan, 100,000 levels": (BUNDLE, "b'\\x91' * 100_000", "decode(bomb, Plan)"),
    "plan, maps in maps": (BUNDLE, "b'\\x81\\xa1a' * 100_000", "decode(bomb, Plan)"),
    "frame, nested": (WIRE, NESTED, "SignedRequest.from_bytes(bomb)"),
    "check-in, a length of 2^63": (WIRE, "b'\\x12' + b'\\xff' * 9 + b'\\x7f'", "CheckIn.from_bytes(bomb)"),
    "run, 400,000 results": (WIRE, "b'\\x3a\\x00' * 400_000", "run_from_bytes(bomb)"),
    "settings, billion laughs": (SETTINGS, LAUGHS, "loaded(bomb)"),
    "settings, 100,000 levels": (SETTINGS, "b'[' * 100_000", "loaded(bomb)"),
    "settings, a tag": (SETTINGS, "b'!!python/object/apply:os.system [id]'", "loaded(bomb)"),
    "settings, a huge number": (SETTINGS, "b'keep_runs_count: ' + b'9' * 1_000_000", "loaded(bomb)"),
}


def _ended(imports: str, bomb: str, read: str) -> subprocess.CompletedProcess[str]:
    program = _PROLOGUE.format(imports=imports, bomb=bomb, read=read, bytes=_MOST_BYTES)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", BOMBS)
def test_14_a_bomb_is_refused_in_a_gigabyte(name: str) -> None:
    done = _ended(*BOMBS[name])
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip() != "taken"


def test_14_a_parser_that_unpacks_first_would_die() -> None:
    read = "bytes(zstandard.ZstdDecompressor().decompress(bomb, max_output_size=1 << 31)) * 8"
    done = _ended(TRAITS, ZEROS, read)
    assert done.returncode != 0
    assert "MemoryError" in done.stderr
