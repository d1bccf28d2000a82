"""The keyrings of rpm and pacman on a fake host, and the servers that it fetches keys from."""

from collections.abc import Mapping, Sequence

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.openpgp import fingerprints_of
from vigo.catalog.formats.repository_keys import in_form, require_known
from vigo.catalog.ops import Op, Run, WriteFile
from vigo.catalog.ops.fetch_key import FetchKey
from vigo.testing.fake_host import FakeHost, FakeTool

_KEYRING = "/etc/pacman.d/gnupg/pubring.gpg"
# A packet of tag 2: version 4, a certification, and the one subpacket that says that it is not to be exported.
_LOCAL_SIGNATURE = b"\xc2\x09\x04\x10\x00\x00\x00\x03\x02\x04\x00"


class FakeKeyrings(FakeTool):
    """`served` is what URLs give; `imported` the ids of the keys that rpm has."""

    name = "keyrings"
    programs = frozenset({"rpm", "pacman-key"})
    ops = (FetchKey,)

    def __init__(self, served: Mapping[str, str] = {}, imported: Sequence[str] = ()) -> None:
        self._served = dict(served)
        self._imported = list(imported)

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Tell the keys of rpm."""
        del host
        if argv[:3] != ("rpm", "-q", "gpg-pubkey"):
            return None
        if not self._imported:
            return CommandResult(1, "package gpg-pubkey is not installed\n")
        return CommandResult(0, "".join(f"{key}\n" for key in self._imported))

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Take a key into a keyring."""
        if op.argv[:2] == ("rpm", "--import"):
            key = host.read_bytes(op.argv[2]) or b""
            self._imported += [one[-8:].lower() for one in fingerprints_of(key)]
        if op.argv[0] == "pacman-key":
            added = host.read_bytes(op.argv[2]) if op.argv[1] == "--add" else _LOCAL_SIGNATURE
            keyring = (host.read_bytes(_KEYRING) or b"") + (added or b"")
            host.tree.apply(WriteFile(path=_KEYRING, content=keyring), lambda _: True)
        return CommandResult(0)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Fetch a key, and write it where it is the known one."""
        if isinstance(op, FetchKey):
            found = self._served[op.url].encode()
            require_known(found, op.fingerprints, op.form)
            host.tree.apply(WriteFile(path=op.path, content=in_form(found, op.form), mode=0o644), lambda _: True)
