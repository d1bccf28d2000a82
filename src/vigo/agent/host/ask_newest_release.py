"""The executor of `AskNewestRelease`."""

from datetime import timedelta

from vigo.agent.host.make_directory import make_directory
from vigo.agent.host.output import ANSWER_BYTES
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import failure
from vigo.agent.host.write_file import write_file
from vigo.catalog.api import Command
from vigo.catalog.formats.python_packages import newest_of_report
from vigo.catalog.ops import MakeDirectory, Run, WriteFile
from vigo.catalog.ops.ask_newest_release import AskNewestRelease
from vigo.core.errors import TimedOutError, UnavailableError

LONGEST = timedelta(minutes=2)
_ENVIRONMENT = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_BREAK_SYSTEM_PACKAGES": "1"}


def ask_newest_release(op: AskNewestRelease, host: RealHost) -> None:
    """Ask pip, and write the answer down.

    Raises:
        BlockedError: the machine, or its index, does not allow it now.
        OSError: the answer cannot be written.
        TimedOutError: it did not answer in time.
        UnavailableError: pip is not there, is too old, or knows no such package.
    """
    options = ("--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--report", "-")
    ask = Run(argv=(op.interpreter, "-m", "pip", "install", *options, "--", op.package), touches=("packages",))
    command = Command(argv=ask.argv, environment=_ENVIRONMENT, user=op.user, timeout=LONGEST)
    try:
        # The report has the whole description of the package in it.
        ending = host.programs.run(command, output_bytes=ANSWER_BYTES)
    except FileNotFoundError as error:
        raise UnavailableError(f"expected a program {op.interpreter}, found none; make the venv first") from error
    if ending.timed_out:
        raise TimedOutError(f"expected pip to answer within {LONGEST.total_seconds():g} s, found it still asking")
    if ending.status:
        raise failure(ask, ending)
    newest = newest_of_report(ending.stdout.text())
    if newest is None:
        raise UnavailableError(
            f"expected pip 22.2 or newer to name a version of {op.package}, found another answer; upgrade pip there"
        )
    folder = op.answer.rpartition("/")[0]
    for place in (folder.rpartition("/")[0], folder):
        if host.stat(place) is None:
            make_directory(MakeDirectory(path=place), host)
    write_file(WriteFile(path=op.answer, content=f"{newest}\n".encode(), mode=0o644), host)
