"""Finding a regular expression in a text that somebody else wrote, within a time limit.

Some expressions take years over some texts, and Python cannot be told to give up. So a short-lived child looks, which
the kernel ends when its time is over.
"""

import faulthandler
import os
import re
import resource
import signal
import warnings
from datetime import timedelta

from vigo.core.errors import TimedOutError

_FOUND, _ABSENT, _FAULT = range(3)
_LEAST_SECONDS = 0.01


def is_found(pattern: str, text: str, within: timedelta) -> bool:
    """Return whether a regular expression is found in a text.

    Raises:
        TimedOutError: that is not known in time.
    """
    expression = re.compile(pattern)
    child = _start(expression, text, max(_LEAST_SECONDS, within.total_seconds()))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (_FOUND, _ABSENT):
        raise TimedOutError(
            "expected to know in time whether the regular expression is found, found that it takes too long over this"
            " text; make it simpler, above all repetitions within repetitions"
        )
    return code == _FOUND


def _start(expression: re.Pattern[str], text: str, seconds: float) -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads. The child only searches, which takes no lock of a thread.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    # From here on this is the child: it never returns, and no clean-up of the parent's may run in it.
    try:
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os._exit(_FOUND if expression.search(text) else _ABSENT)
    except BaseException:  # noqa: BLE001 - whatever went wrong, the exit status is the answer
        os._exit(_FAULT)
