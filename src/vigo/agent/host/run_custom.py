"""The executor of `RunCustom`."""

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import ending_of, failure
from vigo.catalog.formats.custom_answers import parse_answer
from vigo.catalog.formats.names import shown
from vigo.catalog.ops.base import NOT_TOLD
from vigo.catalog.ops.custom import RunCustom
from vigo.core.errors import InvalidError, UnavailableError


def run_custom(op: RunCustom, host: RealHost) -> None:
    """Run an executor and return when it says that it is done.

    Raises:
        BlockedError: this is an image.
        TimedOutError: it did not end in time; its process group was ended.
        UnavailableError: it ended with another status, answers nothing that is known, or says that it failed.
    """
    ending = ending_of(op, host)
    if ending.status != 0:
        raise failure(op, ending)
    try:
        answer = parse_answer(ending.stdout.text())
    except InvalidError as error:
        raise UnavailableError(NOT_TOLD if op.conceals else str(error)) from error
    if answer.error:
        raise UnavailableError(f"it says: {shown(answer.error)}" if not op.conceals else f"it failed: {NOT_TOLD}")
