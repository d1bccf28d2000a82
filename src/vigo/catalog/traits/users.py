"""The trait set `users`."""

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.accounts import parse_passwd
from vigo.catalog.formats.logins import parse_human_ids, parse_utmp
from vigo.catalog.formats.units import parse_properties

_SESSIONS = "/run/systemd/sessions"
_UTMP = "/run/utmp"
_TERMINALS = frozenset({"tty", "x11", "wayland", "mir"})
_PASSING = frozenset({"closing", ""})


class UsersTraits(TraitSet, frozen=True, kw_only=True):
    """The accounts of /etc/passwd, and who is at a terminal. Names are sorted; idle times are not told."""

    human: Annotated[tuple[str, ...], field("Names of people's accounts, by the range of uids in login.defs(5).")]
    system: Annotated[tuple[str, ...], field("Names of all other accounts.")]
    logged_in: Annotated[
        tuple[str, ...], field("Names of those who have a session at a terminal or desktop, each once; no cron jobs.")
    ]


@collector("users", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_users(host: ReadHost) -> UsersTraits:
    """Report the accounts and sessions. Source: passwd(5), login.defs(5), sd-login(3), utmp(5)."""
    lowest, highest = parse_human_ids(host.read_text("/etc/login.defs") or "")
    entries = parse_passwd(host.read_text("/etc/passwd") or "")
    human = {name for name, entry in entries.items() if lowest <= entry.uid <= highest}
    return UsersTraits(
        human=tuple(sorted(human)),
        system=tuple(sorted(set(entries) - human)),
        logged_in=() if host.is_image() else tuple(sorted(set(_logged_in(host)))),
    )


def _logged_in(host: ReadHost) -> Iterable[str]:
    names = host.list_directory(_SESSIONS)
    if names is None:
        logins = parse_utmp(host.read_bytes(_UTMP) or b"", sys.byteorder)
        # A machine that lost its power leaves records of processes that are gone.
        return [login.user for login in logins if host.stat(f"/proc/{login.pid}") is not None]
    # A name with a dot is the pipe by which a session ends.
    sessions = [parse_properties(host.read_text(f"{_SESSIONS}/{name}") or "") for name in names if "." not in name]
    return [
        session["USER"]
        for session in sessions
        if session.get("USER")
        and session.get("CLASS") == "user"
        and session.get("TYPE") in _TERMINALS
        and session.get("STATE", "") not in _PASSING
    ]
