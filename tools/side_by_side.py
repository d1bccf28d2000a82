"""Runs commands side by side: `python tools/side_by_side.py COMMAND COMMAND ...`.

The first one prints as it goes; what the others print is shown when they have ended, one after the other. Tests on
machines of their own wait much and compute little, so they cost less time beside the others than behind them.

Exit status: 0 where all ended well, else that of the first that did not. An interrupt ends them all.
"""

import shlex
import signal
import subprocess
import sys
import tempfile
from typing import IO


def main(lines: list[str]) -> int:
    """Run the commands and return the exit status."""
    commands = [shlex.split(line) for line in lines]
    outputs: list[IO[bytes]] = [tempfile.TemporaryFile() for _ in commands[1:]]  # noqa: SIM115 - they are read below
    print("$", lines[0], flush=True)
    processes = [subprocess.Popen(commands[0])]
    processes += [
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        for command, output in zip(commands[1:], outputs, strict=True)
    ]
    try:
        statuses = [processes[0].wait()]
        for line, process, output in zip(lines[1:], processes[1:], outputs, strict=True):
            statuses.append(process.wait())
            print("$", line, flush=True)
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait()
    return next((abs(status) for status in statuses if status), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
