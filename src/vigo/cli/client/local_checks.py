"""What `vigocli doctor` looks at by itself: the rights of secret files, the way to the server, the clocks."""

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from vigo import __version__
from vigo.cli.client.answers import Check

_OTHERS: Final = 0o077
_SECRET: Final = ("", "keys", "admin.token")
# An answer's time has whole seconds, and travels.
_SKEW: Final = timedelta(seconds=10)
_LARGE_SKEW: Final = timedelta(minutes=5)


def folder_check(data_dir: Path) -> Check:
    """Return whether others keep out of a data folder."""
    name = "data folder"
    open_ones = [f"{path} has mode {mode:04o}" for path, mode in _modes(data_dir) if mode & _OTHERS]
    if open_ones:
        advice = f"run `chmod -R go= {data_dir}`; if others used this host meanwhile, make the keys anew"
        return Check(name=name, status="failed", detail=f"open to others: {', '.join(open_ones)}", advice=advice)
    owner = data_dir.stat().st_uid
    if owner != os.geteuid():
        advice = "files that this command's user makes there are not the server's; run it as the owner"
        detail = f"{data_dir} belongs to user {owner}, this is user {os.geteuid()}"
        return Check(name=name, status="ok" if os.geteuid() == 0 else "warning", detail=detail, advice=advice)
    return Check(name=name, status="ok", detail=f"{data_dir} is its owner's alone")


def version_check(server_version: str) -> Check:
    """Return whether server and command line are of one version."""
    if server_version == __version__:
        return Check(name="versions", status="ok", detail=f"vigosrv and vigocli are {__version__}")
    return Check(
        name="versions",
        status="warning",
        detail=f"vigosrv is {server_version}, vigocli is {__version__}",
        advice="install the vigocli of the server's version",
    )


def skew_check(server_time: datetime | None, now: datetime) -> Check:
    """Return whether the server's clock and this machine's agree."""
    name = "clock skew"
    if server_time is None:
        return Check(name=name, status="ok", detail="the server did not tell its time")
    skew = server_time - now
    seconds = round(skew.total_seconds())
    if abs(skew) < _SKEW:
        return Check(name=name, status="ok", detail="the clocks of the server and of this machine agree")
    word = "ahead of" if seconds > 0 else "behind"
    return Check(
        name=name,
        status="failed" if abs(skew) >= _LARGE_SKEW else "warning",
        detail=f"the server's clock is {abs(seconds)} s {word} this machine's",
        advice="compare `date -u` on both; certificates and tokens are judged by these clocks",
    )


def _modes(data_dir: Path) -> Iterator[tuple[Path, int]]:
    for name in _SECRET:
        path = data_dir / name
        if path.exists():
            yield path, stat.S_IMODE(path.stat().st_mode)
