"""Who may sign in, and what they may do."""

import re
import uuid
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from vigo.server.features.people import store
from vigo.server.features.people.directory import Directory
from vigo.server.features.people.models import NewUser, RoleItem, RoleList, User, UserChange, UserItem, UserList
from vigo.server.features.people.passwords import Passwords
from vigo.server.features.people.signing_in import SigningIn
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.roles import ROLES, check_roles, rights_of
from vigo.server.platform.auth.scope import check_scope
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_RESERVED: Final = {"admin": "the host's root", "nobody": "somebody unknown"}
_MOST_USERS: Final = 10_000


class PeopleService:
    """Makes, changes and removes people. Nobody gives a right, or a machine, that they do not have themselves."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        directory: Directory,
        passwords: Passwords,
        signing_in: SigningIn,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._directory = directory
        self._passwords = passwords
        self.signing_in = signing_in
        """Lets them in and out."""

    def list(self, actor: Actor) -> UserList:
        """Return everybody by name."""
        actor.require(Permission.READ_USERS)
        now = self._clock.now()
        return UserList(items=tuple(self._directory.item(user, now) for user in self._directory.everybody()))

    def roles(self, actor: Actor) -> RoleList:
        """Return all roles."""
        actor.require(Permission.READ_USERS)
        return RoleList(
            items=tuple(RoleItem(name=name, permissions=tuple(sorted(rights))) for name, rights in ROLES.items())
        )

    def without_second_factor(self) -> tuple[str, ...]:
        """Return who may everything and shows nothing but a password, by name."""
        everything = frozenset(Permission)
        return tuple(
            user.name
            for user in self._directory.everybody()
            if user.disabled_at is None and user.one_time_step is None and rights_of(user.roles) == everything
        )

    async def create(self, actor: Actor, wanted: NewUser) -> UserItem:
        """Make somebody who can sign in.

        Raises:
            ConflictError: the name is taken.
            ForbiddenError: they would be allowed more than the actor is.
            InvalidError: the name, a role, a pattern or the password is not accepted.
        """
        actor.require(Permission.WRITE_USERS)
        if not _NAME.fullmatch(wanted.name):
            raise InvalidError(
                "name: expected up to 64 small letters, digits and . _ @ + -, beginning with a letter or a digit,"
                f" found {wanted.name[:80]!r}"
            )
        if wanted.name in _RESERVED:
            meant = _RESERVED[wanted.name]
            raise InvalidError(f"name: {wanted.name} stands for {meant} in the audit trail; take another")
        roles, match = _roles(actor, wanted.roles), _match(actor, wanted.match)
        password = await self._passwords.kept(wanted.name, wanted.password)
        if len(self._directory.everybody()) >= _MOST_USERS:
            raise ConflictError(f"expected at most {_MOST_USERS} people, found that many; remove who has left")
        user = User(
            id=str(uuid.uuid4()),
            name=wanted.name,
            password=password,
            roles=roles,
            match=match,
            created_at=self._clock.now(),
            created_by=actor.name,
        )
        act = Act(actor=actor.name, action="user.create", subject=user.name, detail=_detail(roles, match))

        def job(connection: Connection) -> None:
            if store.is_taken(connection, user.name):
                raise ConflictError(f"the name {user.name} is taken; choose another, or change that person")
            self._trail.append(connection, act)
            store.add(connection, user)

        await self._database.write(job, lambda _: self._directory.put(user))
        return self._directory.item(user, user.created_at)

    async def change(self, actor: Actor, name: str, change: UserChange) -> UserItem:
        """Change what somebody may do, or let them in again. Less rights, another password: their sessions end.

        Raises:
            ForbiddenError: they have, or would be given, more than the actor has.
            InvalidError: a role, a pattern or the password is not accepted.
            NotFoundError: there is nobody of that name.
        """
        actor.require(Permission.WRITE_USERS)
        user = self._directory.get(name)
        _require_above(actor, user)
        changed = await self._changed(actor, name, change)
        shown = {key: value for key, value in changed.items() if key in ("roles", "match")}
        detail = {"changed": sorted(changed), **shown}
        act = Act(actor=actor.name, action="user.change", subject=name, detail=detail)
        ends = change.password is not None or change.disabled is True

        def job(connection: Connection) -> User:
            found = store.find(connection, user.id)  # as they are now: they may have signed in since
            if found is None:
                raise NotFoundError(f"{name} was removed meanwhile")
            present = msgspec.structs.replace(found, **changed)
            self._trail.append(connection, act)
            store.put(connection, present)
            if ends:
                store.end_all(connection, user.id)
            return present

        def then(present: User) -> None:
            self._directory.put(present)
            if ends:
                self._directory.end_all(user.id)

        present = await self._database.write(job, then)
        return self._directory.item(present, self._clock.now())

    async def _changed(self, actor: Actor, name: str, change: UserChange) -> dict[str, object]:
        """Return the fields of somebody that a change gives other values."""
        changed: dict[str, object] = {}
        if change.roles is not None:
            changed["roles"] = _roles(actor, change.roles)
        if change.match is not None:
            changed["match"] = _match(actor, change.match or None)
        if change.password is not None:
            changed["password"] = await self._passwords.kept(name, change.password)
        if change.disabled is not None:
            changed["disabled_at"] = self._clock.now() if change.disabled else None
        if change.unlocked or change.password is not None:
            changed |= {"failures": 0, "locked_until": None}
        if change.without_one_time_codes:
            changed |= {"one_time_key": None, "one_time_step": None}
        if not changed:
            raise InvalidError("expected something that shall change, found nothing; see `vigocli users change --help`")
        return changed

    async def remove(self, actor: Actor, name: str) -> None:
        """Remove somebody; their sessions end at once.

        Raises:
            ForbiddenError: they have more rights than the actor.
            NotFoundError: there is nobody of that name.
        """
        actor.require(Permission.WRITE_USERS)
        user = self._directory.get(name)
        _require_above(actor, user)
        act = Act(actor=actor.name, action="user.remove", subject=name)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.remove(connection, user.id)

        await self._database.write(job, lambda _: self._directory.remove(user.id))


def _require_above(actor: Actor, user: User) -> None:
    for right in sorted(rights_of(user.roles)):
        actor.require(right)
    _match(actor, user.match)


def _roles(actor: Actor, wanted: tuple[str, ...]) -> tuple[str, ...]:
    roles = check_roles(wanted)
    for right in sorted(rights_of(roles)):
        actor.require(right)
    return roles


def _match(actor: Actor, wanted: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the machines of somebody, None for all."""
    if wanted is None:
        if actor.match is not None:
            raise ForbiddenError(f"match: expected patterns of your own ({', '.join(actor.match)}), found none")
        return None
    return check_scope(actor, wanted)


def _detail(roles: tuple[str, ...], match: tuple[str, ...] | None) -> dict[str, object]:
    return {"roles": list(roles), **({} if match is None else {"match": list(match)})}
