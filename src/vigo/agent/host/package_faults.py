"""What package tools print when the machine, and not the declaration, keeps them from their work."""

import re

_LOCKED = re.compile(
    r"could not get lock|unable to (?:acquire the dpkg|lock (?:the administration )?(?:directory|database))"
    r"|frontend lock was locked|(?:can't create|waiting for|failed to obtain) (?:the )?(?:rpm )?transaction lock"
    r"|system management is locked|waiting for process with pid|metadata already locked by|already locked by \d+"
    r"|holding the yum lock|existing lock .*: another copy is running|another transaction is in progress",
    re.IGNORECASE,
)
"""apt, dpkg, dnf, yum, rpm, zypper, pacman and apk, when another one works on the packages."""

_NOT_LOCKED = re.compile(r"permission denied|read-only file system|no space left on device|are you root", re.IGNORECASE)
"""The lock could not be asked for at all: its file cannot be opened or made."""

_INTERRUPTED = r"dpkg was interrupted|dpkg --configure -a"
_UNMET = r"unmet dependencies\. try 'apt(?:-get)? (?:--fix-broken|-f) install'|you might want to run 'apt --fix-broken"
_DAMAGED = (
    r"rpmdb open failed|(?:error: rpmdb:|rpmdb:) .*(?:damaged|corrupt|panic|recovery)"
    r"|cannot open packages (?:index|database)|rpmdb: bdb|database disk image is malformed"
)
_NO_REPOSITORY = (
    r"failed to fetch|index files failed to download|unable to fetch some archives|does not have a release file"
    r"|the following signatures (?:couldn't be verified|were invalid)|is not signed\."
    r"|failed to download metadata for repo|cannot download repomd\.xml|error downloading packages"
    r"|cannot retrieve (?:repository metadata|metalink)|failure: repodata/repomd\.xml|no more mirrors to try"
    r"|valid metadata not found|problem retrieving files|failed to retrieve new repository metadata"
    r"|skipping repository .* because of the above error|failed retrieving file|failed to synchronize"
    r"|invalid or corrupted (?:database|package)|temporary error \(try again later\)|untrusted signature"
    r"|max retries exceeded|newconnectionerror|connection broken by"
)
_NEEDED = r"dependency problems prevent removal|is needed by \(installed\)|breaks dependency .* required by"
_FAULTS = {
    _INTERRUPTED: "a run of dpkg was interrupted, and packages are half configured; look at them and run"
    " `dpkg --configure -a` (Vigo does not: it would go on with packages that this resource does not name)",
    _UNMET: "packages on this machine lack what they depend on; look at them and run `apt-get --fix-broken install`",
    _DAMAGED: "the rpm database cannot be used; look at it and run `rpm --rebuilddb`",
    _NO_REPOSITORY: "a package repository does not give what is asked of it; it is tried again next time",
    _NEEDED: "another package needs it; nothing was removed",
}
_KNOWN = tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _FAULTS.items())

LOCKED = "another package tool holds the lock; it is tried again next time"


def tells_of_lock(text: str) -> bool:
    """Return whether a tool says that another one has the lock."""
    return _LOCKED.search(text) is not None and _NOT_LOCKED.search(text) is None


def package_fault(text: str) -> str | None:
    """Return what keeps a package tool from its work and what to do about it, or None where it is none of these."""
    if tells_of_lock(text):
        return LOCKED
    return next((reason for pattern, reason in _KNOWN if pattern.search(text)), None)
