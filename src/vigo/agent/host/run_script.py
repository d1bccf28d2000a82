"""The executor of `RunScript`."""

import os
import shutil
import tempfile
from pathlib import Path

from vigo.agent.host.account import account_of
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import run
from vigo.catalog.ops import Run
from vigo.catalog.ops.script import RunScript
from vigo.core.errors import BlockedError

_FOLDERS = ("/run", "/tmp")  # noqa: S108 - the folder made in it is new, and its user's alone
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def run_script(op: RunScript, host: RealHost) -> None:
    """Run a script and return when it ended well.

    Raises:
        OSError: its file cannot be written.
        BlockedError: this is an image, or its user is not there yet.
        TimedOutError: it did not end in time; its process group was ended.
        UnavailableError: it cannot be run, or ended with another status.
    """
    if host.is_image():
        raise BlockedError("not run in an image (--root): it would act on the running machine, not on the image")
    account = account_of(op.user)
    place = next((folder for folder in _FOLDERS if os.access(folder, os.W_OK)), None)
    folder = Path(tempfile.mkdtemp(prefix="vigo-script-", dir=place))
    try:
        script = folder / "script"
        descriptor = os.open(script, _NEW, 0o400)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(op.script)
            if account.groups is not None:  # it runs as another user than the agent
                os.fchown(descriptor, account.uid, account.gid)
                os.chown(folder, account.uid, account.gid)
        finally:
            os.close(descriptor)
        shared = {name: getattr(op, name) for name in Run.__struct_fields__ if name != "argv"}
        run(Run(argv=(*op.argv, str(script), *op.args), **shared), host)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
