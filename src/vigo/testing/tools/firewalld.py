"""firewalld of a fake host: the rich rules of each policy that it knows, as `/proc/firewalld/NAME` for the eye."""

from collections.abc import Sequence

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.firewalld_policies import rich_rules
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

_FOLDER, _LIVE = "/etc/firewalld/policies", "/proc/firewalld"
_ZONES = "public (active)\n  target: default\n  interfaces: eth0\n  services: ssh\n  rich rules: \n\n"


class FakeFirewalld(FakeTool):
    """`firewall-cmd`; it runs where `/proc/firewalld` is, and only there has `running` beyond what is permanent."""

    name = "firewalld"
    programs = frozenset({"firewall-cmd", "firewalld"})

    def __init__(self, running: str = "", direct: str = "", fault: int = 0) -> None:
        self._running = running
        self._direct = direct
        self._fault = fault

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer whether it runs, and what it has."""
        if self._fault:
            return CommandResult(self._fault, stderr="Authorization failed.")
        if host.stat(_LIVE) is None:
            return CommandResult(252, stderr="not running")
        is_permanent = "--permanent" in argv
        told = {
            "--state": "running\n",
            "--list-all-zones": _ZONES.replace("eth0", "") if is_permanent else _ZONES + self._running,
            "--list-all-policies": "allow-host-ipv6 (active)\n  priority: -15000\n",
            "--get-policies": " ".join(("allow-host-ipv6", *(host.list_directory(_LIVE) or ()))) + "\n",
            "--get-all-rules": "" if is_permanent else self._direct,
        }
        if argv[-1] in told:
            return CommandResult(0, told[argv[-1]])
        return CommandResult(0, host.read_text(f"{_LIVE}/{argv[1].removeprefix('--policy=')}") or "")

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Load all policies, or change the rich rules of one."""
        if op.argv[1] == "--reload":
            for name in host.list_directory(_FOLDER) or ():
                rules = rich_rules(host.read_text(f"{_FOLDER}/{name}") or "")
                host.tree.replace(f"{_LIVE}/{name.removesuffix('.xml')}", "".join(f"{rule}\n" for rule in rules))
        elif op.argv[1].startswith("--policy="):
            path = f"{_LIVE}/{op.argv[1].removeprefix('--policy=')}"
            rules = tuple((host.read_text(path) or "").splitlines())
            for option in op.argv[2:]:
                verb, _, rule = option.partition("=")
                others = tuple(one for one in rules if one != rule)
                rules = (*others, rule) if verb == "--add-rich-rule" else others
            host.tree.replace(path, "".join(f"{rule}\n" for rule in rules))
        return CommandResult(0)
