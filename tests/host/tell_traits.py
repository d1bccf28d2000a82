"""Tells the traits of a booted Debian, as the agent collects them in there.

Usage, in there: python -m tests.host.tell_traits SET...

Prints the named sets as one JSON object. A set that cannot be collected fails the program with its reason.
"""

import os
import sys
import sysconfig
from typing import Any

import msgspec

from tests.gates.tree import ROOT
from tests.host.booted_debian import BootedDebian
from tests.host.debian_root import PYTHON
from vigo.agent.host.real_host import RealHost
from vigo.catalog.scan import collectors


def traits_of(debian: BootedDebian, *names: str) -> dict[str, dict[str, Any]]:
    """Return the named sets of a machine as built-in values."""
    paths = (ROOT / "src", ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    environment = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = debian.run(str(PYTHON), "-m", "tests.host.tell_traits", *names, environment=environment)
    return msgspec.json.decode(done.stdout, type=dict[str, dict[str, Any]])


def main() -> None:
    """Print the sets that the arguments name."""
    host = RealHost(None)
    found = {name: collectors()[name].collect(host).as_values() for name in sys.argv[1:]}
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
