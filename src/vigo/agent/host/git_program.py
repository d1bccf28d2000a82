"""Running git: as one user, in one folder, within a time, and so that no repository or remote decides what else runs.

Hooks, the file system monitor and submodules are off, nobody is asked for anything, and no protocol by which others can
change what comes is spoken unless the address itself names it. Settings of the machine and of the user count: proxies,
certificates and credential helpers stand there. Source: git(1), git-config(1).
"""

import re
import time
from datetime import timedelta

from vigo.agent.host.faults import ABSENT, fault
from vigo.agent.host.output import ANSWER_BYTES
from vigo.agent.host.process import Ending
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import LAST_LINES
from vigo.catalog.api import Command
from vigo.catalog.formats.git_names import is_unproven, without_credentials
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError, VigoError

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.detachedHead=false",
    "checkout.workers=1",
    # What is started in the background would outlive the time that git is given.
    "gc.auto=0",
    "maintenance.auto=false",
)
ENVIRONMENT = {
    "GIT_ASKPASS": "",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15 -oServerAliveCountMax=4",
    "GIT_SSH_VARIANT": "ssh",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "",
}

_PROTOCOLS = ("https", "ssh", "file")
_SHOWN_CHARACTERS = 1_500
_HOST_KEY = "expected that the server's host key is known, found another one or none; add a known_host resource"
_NOT_LET_IN = (
    "expected that the remote lets {user} in without a question, found that it does not; give {user} an ssh key, or a"
    " credential helper in ~/.gitconfig"
)
_NO_ANSWER = "expected to reach the remote, found that it does not answer, or not to the end"
_ANOTHERS = (
    "expected a repository that belongs to {user}, found another's; give it to {user}, or have its owner trusted by"
    " safe.directory in /etc/gitconfig"
)
_LOCKED = "expected no other git at work there, found its lock; wait for it to end, or remove the lock of a killed one"
_BLOCKING = (
    (r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED", _HOST_KEY),
    (r"Permission denied \(|Authentication failed|could not read (Username|Password)|prompts disabled", _NOT_LET_IN),
    (r"Could not resolve|Connection refused|timed out|Network is unreachable|No route to host", _NO_ANSWER),
    (r"Connection reset|Failed to connect|unexpected disconnect|early EOF|transfer closed|too slow", _NO_ANSWER),
    (r"dubious ownership", _ANOTHERS),
    (r"\.lock': File exists|another git process", _LOCKED),
    (r"no space left on device|disk quota exceeded", "the disk is full; free some space"),
    (r"read-only file system", "the file system is read-only; mount it read-write"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _BLOCKING)


class GitProgram:
    """git in one folder. All its calls together end within the time.

    `repo` is the address of its remote, `user` who it runs as, None for the agent's own.
    """

    def __init__(self, host: RealHost, folder: str, *, user: str | None, within: timedelta, repo: str = "") -> None:
        self._programs = host.programs
        self._folder = folder
        self._user = user
        self._within = within
        protocols = (*_PROTOCOLS, repo.partition("://")[0]) if is_unproven(repo) else _PROTOCOLS
        self._environment = {
            **ENVIRONMENT,
            # Neither settings nor a redirection lead to another one.
            "GIT_ALLOW_PROTOCOL": ":".join(protocols),
            # A folder whose .git is damaged must not have git work on another repository that is around it.
            "GIT_CEILING_DIRECTORIES": folder.rpartition("/")[0] or "/",
        }
        self._deadline = time.monotonic() + within.total_seconds()

    def tell(self, *words: str, stdin: str | None = None) -> str:
        """Return what git printed, which was given `stdin`.

        Raises:
            BlockedError: there is no git, the remote cannot be reached, or lets nobody in.
            TimedOutError: it did not end in time.
            UnavailableError: it failed for another reason.
        """
        ending = self.ending(*words, stdin=stdin)
        if ending.status:
            raise self.failure(words[0], ending)
        return ending.stdout.text()

    def succeeds(self, *words: str) -> bool:
        """Return whether git ended well.

        Raises:
            BlockedError: there is no git.
            TimedOutError: it did not end in time.
        """
        return self.ending(*words).status == 0

    def ending(self, *words: str, stdin: str | None = None) -> Ending:
        """Run git and return how it ended, well or not.

        Raises:
            BlockedError: there is no git, or no such user.
            TimedOutError: it did not end in time; its process group was ended.
        """
        settings = (word for setting in SETTINGS for word in ("-c", setting))
        left = timedelta(seconds=self._deadline - time.monotonic())
        if left <= timedelta(0):
            raise self._timed_out(words[0])
        command = Command(
            argv=("git", "--no-pager", *settings, *words),
            cwd=self._folder,
            user=self._user,
            environment=self._environment,
            stdin=stdin,
            timeout=left,
        )
        try:
            ending = self._programs.run(command, output_bytes=ANSWER_BYTES)
        except OSError as error:
            if error.errno in ABSENT:
                raise BlockedError("expected the program git, found none; install it first") from error
            raise fault(error) from error
        if ending.timed_out:
            raise self._timed_out(words[0])
        return ending

    def failure(self, verb: str, ending: Ending) -> VigoError:
        """Return what it means that git failed."""
        lines = (ending.stderr.text().strip() or ending.stdout.text().strip()).splitlines()[-LAST_LINES:]
        told = without_credentials("\n".join(lines))[-_SHOWN_CHARACTERS:]
        for pattern, reason in _PATTERNS:
            if pattern.search(told):
                return BlockedError(f"{reason.replace('{user}', self._user or 'the agent')}: {told}")
        return UnavailableError(f"git {verb}: status {ending.status}, expected 0: {told or 'it says nothing'}")

    def _timed_out(self, verb: str) -> TimedOutError:
        return TimedOutError(
            f"expected to be done within {self._within.total_seconds():g} s, found git still at `git {verb}`; it was"
            " ended: see whether the remote answers, raise the resource's timeout, or set depth"
        )
