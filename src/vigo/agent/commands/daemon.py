"""`vigo daemon`."""

from datetime import timedelta
from pathlib import Path

import click

from vigo.agent.options import DurationType, state_dir_option, verbose_option


@click.command("daemon")
@click.option(
    "--interval",
    type=DurationType(),
    help="Time between two cycles, such as 30s or 5m; the server's wish where left out.",
)
@click.option(
    "--reconverge",
    type=click.Choice(["events", "interval"]),
    default="events",
    show_default=True,
    help="When drift is repaired: as soon as the machine tells of it, unless the policy says otherwise, or at the next"
    " interval.",
)
@state_dir_option
@verbose_option
def command(*, interval: timedelta | None, reconverge: str, state_dir: Path, verbose: bool) -> None:
    """Stay and run a cycle at each interval, with a server or without. Logs go to standard error.

    In between it watches what the policy declares, and repairs what changes.

    SIGTERM ends it after the resource that is worked on; SIGHUP runs a cycle now.

    Examples:
      vigo daemon
      vigo daemon --interval 30s --state-dir ./s
      vigo daemon --reconverge interval

    Exit statuses:
      0  ended by a signal
      2  the command line is wrong
      3  this machine is not enrolled
    """
    import asyncio  # noqa: PLC0415 - imported where used, so that `vigo version` starts at once
    import logging  # noqa: PLC0415 - the same

    from vigo.agent.cycle import Cycles  # noqa: PLC0415 - the same
    from vigo.agent.daemon import Daemon  # noqa: PLC0415 - the same
    from vigo.agent.identity.identity import IdentityFolder  # noqa: PLC0415 - the same
    from vigo.agent.local_machine import local_machine  # noqa: PLC0415 - the same
    from vigo.agent.logs import log_to_stderr  # noqa: PLC0415 - the same
    from vigo.agent.watching.local_repairs import local_repairs  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    log_to_stderr(logging.DEBUG if verbose else logging.INFO)
    folder, clock = IdentityFolder(state_dir.absolute()), SystemClock()

    is_watching = reconverge == "events"

    async def stay() -> None:
        daemon = Daemon(
            folder,
            lambda stop: Cycles(folder, local_machine, clock, stop, is_watching=is_watching),
            clock,
            interval=interval,
            make_repairs=local_repairs(folder, clock) if is_watching else None,
        )
        await daemon.run()

    asyncio.run(stay())
