"""The packet filter of a fake host: the file that was loaded last, kept as `/proc/nft` for the eye."""

from collections.abc import Sequence

import msgspec

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.nft_rules import comments_of
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

_LOADED = "/proc/nft"


class FakeNftables(FakeTool):
    """`nft` with one table."""

    name = "nftables"
    programs = frozenset({"nft", "/usr/sbin/nft"})

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer what the table holds."""
        del argv
        text = host.read_text(_LOADED)
        if text is None:
            return CommandResult(1, stderr="Error: No such file or directory")
        rules = [{"rule": {"comment": comment}} for comment in sorted(comments_of(text))]
        return CommandResult(0, msgspec.json.encode({"nftables": [{"metainfo": {}}, *rules]}).decode())

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Load a file."""
        host.tree.replace(_LOADED, host.read_text(op.argv[-1]) or "")
        return CommandResult(0)
