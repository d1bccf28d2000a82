"""Running a task's command on the machine."""

from vigo.agent.host.faults import ABSENT, told
from vigo.agent.host.process import Ending, Sink
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.core.errors import BlockedError, UnavailableError
from vigo.core.task import TaskOrder


def run_task(order: TaskOrder, root: str | None, sink: Sink, stop: int) -> Ending:
    """Run a command of the shell and return how it ended; it is ended once `stop` can be read.

    Raises:
        BlockedError: this is an image, or there is no such user.
        UnavailableError: it cannot be started.
    """
    host = RealHost(root)
    if host.is_image():
        raise BlockedError("tasks are not run for an image (--root): they would act on the running machine")
    argv: tuple[str, ...] = ("/bin/sh", "-c", order.command)
    if order.nice:
        argv = ("nice", "-n", str(order.nice), *argv)
    command = Command(
        argv=argv,
        user=order.user,
        environment={**order.environment, "VIGO_TASK": order.task},
        timeout=order.timeout,
    )
    try:
        return host.programs.run(command, sink=sink, stop=stop)
    except OSError as error:
        what = f"expected the program {argv[0]}, found none" if error.errno in ABSENT else told(error)
        raise UnavailableError(f"it cannot be started: {what}") from error
