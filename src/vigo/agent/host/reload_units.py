"""The executor of `ReloadUnits`."""

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import run
from vigo.catalog.formats.unit_properties import is_outdated, parse_units, unit_question
from vigo.catalog.ops.reload_units import ReloadUnits
from vigo.core.errors import BlockedError


def reload_units(op: ReloadUnits, host: RealHost) -> None:
    """Ask systemd whether it goes by former files, and have it read all anew if so, or if it does not say.

    Raises:
        BlockedError: this is an image, in which systemd does not run.
        TimedOutError: it did not end in time.
        UnavailableError: systemctl cannot be run, or failed.
    """
    if host.is_image():
        raise BlockedError("systemd does not run in an image (--root)")
    for unit in op.units:
        answer = host.query(unit_question(unit))
        is_told = answer is not None and answer.status == 0
        if not is_told or is_outdated(parse_units(answer.stdout if answer else ""), op.dropin, is_there=op.is_there):
            run(op, host)
            return
