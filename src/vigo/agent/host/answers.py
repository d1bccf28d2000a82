"""Answers of programs, kept for as long as nothing ran that may change them."""

from collections.abc import Callable
from threading import Lock

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Op, Run
from vigo.core.errors import VigoError

Question = tuple[str, ...]

_SUBJECTS = {
    "packages": ("dpkg-query", "rpm", "apt-cache", "apk", "pacman", "dnf", "zypper"),
    "services": ("systemctl", "rc-service", "service"),
    "accounts": ("getent",),
}
_SUBJECT_OF = {program: subject for subject, programs in _SUBJECTS.items() for program in programs}
# Writing a unit file or /etc/passwd changes what these say; no single file changes what is installed.
_SUBJECTS_OF_FILES = frozenset({"services", "accounts"})


class Answers:
    """What programs answered, by the whole question. A question that failed once fails until something ran."""

    def __init__(self) -> None:
        self._known: dict[Question, CommandResult | VigoError | None] = {}
        self._turns: dict[Question, Lock] = {}

    def get(self, question: Question, ask: Callable[[], CommandResult | None]) -> CommandResult | None:
        """Return the answer that is known, else ask for it: once, also where several threads want to know.

        Raises:
            VigoError: asking failed.
        """
        with self._turns.setdefault(question, Lock()):
            answer = self._known[question] if question in self._known else self._asked(question, ask)
        if isinstance(answer, VigoError):
            raise type(answer)(str(answer)) from answer
        return answer

    def _asked(self, question: Question, ask: Callable[[], CommandResult | None]) -> CommandResult | VigoError | None:
        answer: CommandResult | VigoError | None
        try:
            answer = ask()
        except VigoError as error:
            answer = error
        self._known[question] = answer
        return answer

    def forget_all(self) -> None:
        """Drop everything: whoever asks next wants to know what is so by now."""
        self._known.clear()

    def forget(self, op: Op) -> None:
        """Drop what an operation may have changed; programs of no known subject may ask about anything."""
        touched = frozenset(op.touches) if isinstance(op, Run) else _SUBJECTS_OF_FILES
        for question in list(self._known):
            subject = _SUBJECT_OF.get(question[0])
            if subject is None or subject in touched:
                del self._known[question]
