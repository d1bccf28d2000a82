"""The agent's log: one line an event on standard error, `key=value`, for journald and for people."""

import json
import logging
import time

from vigo.core.terminal import visible


class LineFormatter(logging.Formatter):
    """Time, level, where from, and the message with its own `key=value` pairs; a trace is folded into the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return exactly one line."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = f"{when} level={record.levelname.lower()} from={record.name} {visible(record.getMessage())}"
        trace = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        if trace:
            line += f" trace={json.dumps(trace)}"
        return line


def log_to_stderr(level: int) -> None:
    """Send everything from this level on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # grpclib and asyncio tell of every odd frame; what matters of it reaches our own log as an error.
    logging.getLogger("grpclib").setLevel(max(level, logging.WARNING))
    logging.getLogger("asyncio").setLevel(max(level, logging.WARNING))
