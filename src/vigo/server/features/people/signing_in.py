"""Signing in and out, and who a browser's session is."""

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, UnauthenticatedError
from vigo.server.features.people import store
from vigo.server.features.people.directory import Directory
from vigo.server.features.people.models import SESSION, User, WebSession
from vigo.server.features.people.one_time import OneTimeCodes
from vigo.server.features.people.passwords import Passwords
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.bearer import token_digest
from vigo.server.platform.auth.failures import FailureLimit
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings

_FREE_FAILURES: Final = 5
_FIRST_LOCK: Final = timedelta(minutes=1)
_LONGEST_LOCK: Final = timedelta(minutes=15)
_SOURCE_FAILURES: Final = 30
_NOTED_EVERY: Final = timedelta(minutes=1)
_REFUSED: Final = "this name, password and code do not fit together, or this name may not sign in now"


class SignedIn(NamedTuple):
    """Somebody behind a session, and what their pages have to send back with each change."""

    actor: Actor
    csrf: str


class SigningIn:
    """Begins and ends sessions. A refusal never tells which part was wrong, nor whether somebody is locked out."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        directory: Directory,
        passwords: Passwords,
        codes: OneTimeCodes,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._directory = directory
        self._passwords = passwords
        self._codes = codes
        self._limit = FailureLimit(clock, "sign-ins", lambda: _SOURCE_FAILURES)

    async def sign_in(self, name: str, password: str, code: str, source: str) -> str:
        """Return the secret of a new session, which is stored nowhere.

        Raises:
            UnauthenticatedError: not with these.
            UnavailableError: this address was refused too often within a minute.
        """
        self._limit.check(source)
        user = self._directory.named(name.strip().lower())
        fits = await self._passwords.fits(None if user is None else user.password, password)
        step = None if user is None or user.one_time_step is None else self._step(user, code)
        if user is None or not fits:
            await self._refused(user, name, source)
            raise UnauthenticatedError(_REFUSED)
        try:
            return await self._enter(user, step, source)
        except UnauthenticatedError:
            await self._refused(user, name, source)
            raise

    async def _enter(self, known: User, step: int | None, source: str) -> str:
        """Begin a session of somebody whose password was right, and of whose one-time code this is the step.

        Judged in the transaction: what was changed, or tried with the same code, meanwhile counts.
        """
        now, secret = self._clock.now(), secrets.token_urlsafe(32)
        session = WebSession(str(uuid.uuid4()), known.id, token_digest(secret), now, now, source[:100])
        act = Act(actor=known.name, action="session.begin", subject=known.name)

        def job(connection: Connection) -> User:
            present = store.find(connection, known.id)
            if present is None or present.password != known.password or not _may_enter(present, step, now):
                raise UnauthenticatedError(_REFUSED)
            entered = msgspec.structs.replace(
                present,
                failures=0,
                locked_until=None,
                last_signed_in_at=now,
                one_time_step=present.one_time_step if step is None else step,
            )
            self._trail.append(connection, act)
            store.put(connection, entered)
            store.begin(connection, session)
            return entered

        def then(entered: User) -> None:
            self._directory.put(entered)
            self._directory.begin(session)

        await self._database.write(job, then)
        return secret

    async def sign_out(self, actor: Actor) -> None:
        """End the session that somebody acts in."""
        session_id = actor.token_id.rpartition(":")[2]
        act = Act(actor=actor.name, action="session.end", subject=actor.name)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.end(connection, session_id)

        await self._database.write(job, lambda _: self._directory.end(session_id))

    def signed_in(self, secret: str) -> SignedIn:
        """Return who a session's secret is of.

        Raises:
            UnauthenticatedError: nobody's, or the session has ended.
        """
        session = self._directory.session(token_digest(secret))
        user = None if session is None else self._alive(session)
        if session is None or user is None:
            raise UnauthenticatedError("this session has ended; sign in again")
        session.last_used_at = self._clock.now()
        csrf = hmac.new(secret.encode(), b"vigo csrf", hashlib.sha256).hexdigest()
        return SignedIn(user.actor(session.id), csrf)

    def is_in_force(self, token_id: str) -> bool:
        """Return whether a session goes on, by the token id of who acts in it."""
        session = self._directory.session_of(token_id.rpartition(":")[2])
        return session is not None and self._alive(session) is not None

    def acting_now(self, token_id: str) -> Actor | None:
        """Return somebody as they may act now, whether they are still signed in or not; None where they may not."""
        user_id, _, session_id = token_id.removeprefix(SESSION).partition(":")
        user = self._directory.user(user_id)
        return None if user is None or user.disabled_at is not None else user.actor(session_id)

    async def sweep(self) -> None:
        """Forget sessions that have ended, and store when the others were used."""
        sessions = self._directory.sessions()
        ended = [one for one in sessions if self._alive(one) is None]
        used = [one for one in sessions if self._clock.now() - one.last_used_at < 2 * _NOTED_EVERY]
        if not ended and not used:
            return

        def job(connection: Connection) -> None:
            for session in ended:
                store.end(connection, session.id)
            for session in used:
                store.note_use(connection, session)

        await self._database.write(job)
        for session in ended:
            self._directory.end(session.id)

    async def change_password(self, actor: Actor, present: str, wanted: str) -> None:
        """Give somebody who is signed in another password; their other sessions end.

        Raises:
            InvalidError: the new one is not accepted, or the present one is another.
        """
        user = self._own(actor)
        if not await self._passwords.fits(user.password, present):
            raise InvalidError("expected your present password, found another; nothing was changed")
        kept = await self._passwords.kept(user.name, wanted)
        act = Act(actor=actor.name, action="user.password", subject=user.name)
        await self._change_own(actor, act, {"password": kept}, ends_others=True)

    async def offer_codes(self, actor: Actor) -> tuple[str, str]:
        """Return a new key for somebody's authenticator app, as text and as address; `take_codes` makes it count.

        Raises:
            InvalidError: they have one that counts.
        """
        user = self._own(actor)
        if user.one_time_step is not None:
            raise InvalidError(
                "expected an account without one-time codes, found that they are set up; an"
                " administrator can take them away"
            )
        key = self._codes.new_key()
        await self._change_own(
            actor, Act(actor=actor.name, action="user.codes-offer", subject=user.name), {"one_time_key": key}
        )
        return self._codes.text(key), self._codes.address(key, user.name)

    async def take_codes(self, actor: Actor, code: str) -> None:
        """Ask for codes of the key that was offered from now on.

        Raises:
            InvalidError: that is no code of it.
        """
        user = self._own(actor)
        step = self._step(user, code)
        if step is None or user.one_time_step is not None:
            raise InvalidError("expected the six digits that the app shows now, found others; nothing was changed")
        act = Act(actor=actor.name, action="user.codes-take", subject=user.name)
        await self._change_own(actor, act, {"one_time_step": step})

    def has_codes(self, actor: Actor) -> bool:
        """Return whether somebody has set up one-time codes."""
        return self._own(actor).one_time_step is not None

    async def _change_own(
        self, actor: Actor, act: Act, changed: dict[str, object], *, ends_others: bool = False
    ) -> None:
        user_id, session_id = actor.token_id.removeprefix(SESSION).split(":")
        others = [one for one in self._directory.sessions() if one.user_id == user_id and one.id != session_id]

        def job(connection: Connection) -> User:
            found = store.find(connection, user_id)
            if found is None:
                raise UnauthenticatedError("this session has ended; sign in again")
            present = msgspec.structs.replace(found, **changed)
            self._trail.append(connection, act)
            store.put(connection, present)
            for session in others if ends_others else ():
                store.end(connection, session.id)
            return present

        def then(present: User) -> None:
            self._directory.put(present)
            for session in others if ends_others else ():
                self._directory.end(session.id)

        await self._database.write(job, then)

    def _own(self, actor: Actor) -> User:
        user = self._directory.user(actor.token_id.removeprefix(SESSION).partition(":")[0])
        if user is None:
            raise UnauthenticatedError("this session has ended; sign in again")
        return user

    def _step(self, user: User, code: str) -> int | None:
        if user.one_time_key is None:
            return None
        return self._codes.step_of(user.one_time_key, code.strip(), self._clock.now(), user.one_time_step)

    def _alive(self, session: WebSession) -> User | None:
        settings, now = self._settings.value, self._clock.now()
        user = self._directory.user(session.user_id)
        is_over = (
            now - session.last_used_at > settings.session_idle_limit
            or now - session.created_at > settings.session_limit
        )
        return None if is_over or user is None or user.disabled_at is not None else user

    async def _refused(self, user: User | None, name: str, source: str) -> None:
        is_noted = self._limit.note(source)
        act = Act(
            actor="nobody" if user is None else user.name,
            action="session.refused",
            subject=name[:64],
            outcome="refused",
        )

        def job(connection: Connection) -> User | None:
            present = None if user is None else store.find(connection, user.id)
            failed = None if present is None else self._failed(present)
            if is_noted:
                self._trail.append(connection, act)
            if failed is not None:
                store.put(connection, failed)
            return failed

        def then(failed: User | None) -> None:
            if failed is not None:
                self._directory.put(failed)

        await self._database.write(job, then)

    def _failed(self, user: User) -> User:
        failures = user.failures + 1
        over = failures - _FREE_FAILURES
        lock = min(_FIRST_LOCK * 2 ** min(over, 10), _LONGEST_LOCK) if over >= 0 else None
        until = user.locked_until if lock is None else self._clock.now() + lock
        return msgspec.structs.replace(user, failures=failures, locked_until=until)


def _may_enter(user: User, step: int | None, now: datetime) -> bool:
    """Return whether somebody may sign in at a moment, with the step of a one-time code or without one."""
    if user.disabled_at is not None or (user.locked_until is not None and user.locked_until > now):
        return False
    return user.one_time_step is None or (step is not None and step > user.one_time_step)
