"""The kind `user`."""

from collections.abc import Iterator, Mapping, Sequence

from vigo.catalog.api import ReadHost, Resource, Revertible
from vigo.catalog.ops import Op
from vigo.catalog.resources.accounts.former_user import (
    UserFootprint,
    UserPast,
    UserTrace,
    user_footprint,
    user_trace,
)
from vigo.catalog.resources.accounts.former_user_ops import user_brought_back
from vigo.catalog.resources.accounts.user_keys import key_changes
from vigo.catalog.resources.accounts.user_ops import image_changes, image_removal, tool_calls, tool_removal
from vigo.catalog.resources.accounts.user_spec import UserSpec, check_user
from vigo.catalog.resources.accounts.user_state import UserState, observe_user
from vigo.catalog.resources.accounts.user_target import user_target


class User(Resource[UserSpec, UserState], Revertible[UserSpec, UserFootprint, UserTrace]):
    """On a running host the shadow tools do it; a hash travels on their standard input, never as an argument."""

    kind, since, spec = "user", "0.1", UserSpec
    name_field = "user"
    footprint, trace = UserFootprint, UserTrace

    def validate(self, spec: UserSpec) -> None:
        """Accept values that passwd(5) and shadow(5) can hold."""
        check_user(spec)

    def observe(self, spec: UserSpec, host: ReadHost) -> UserState:
        """Return the account; its password only where one of password, locked and expires is declared."""
        return observe_user(spec, host)

    def plan(self, spec: UserSpec, state: UserState) -> Iterator[Op]:
        """Yield what makes, changes or removes the account, then its keys."""
        if spec.state == "absent":
            if state.entry is not None:
                yield from tool_removal(spec) if state.files is None else image_removal(spec, state)
            return
        target = user_target(spec, state)
        yield from tool_calls(spec, state, target) if state.files is None else image_changes(spec, state, target)
        yield from key_changes(spec, state, target.entry)

    def owns(self, spec: UserSpec) -> tuple[str, ...]:
        """Return the account."""
        return (f"user:{spec.user}",)

    def watches(self, spec: UserSpec) -> tuple[str, ...]:
        """Return the files of accounts."""
        del spec
        return ("/etc/passwd", "/etc/shadow", "/etc/group")

    def cannot_undo(self, spec: UserSpec) -> str:
        """Name what goes with a home."""
        return "what is in the home is not brought back" if spec.state == "absent" and spec.manage_home else ""

    def footprints(self, spec: UserSpec) -> Mapping[str, UserFootprint]:
        """Return the account and what is declared of it; a removal takes all of it."""
        return {f"user:{spec.user}": user_footprint(spec)}

    def look(self, footprint: UserFootprint, host: ReadHost, *, keep: bool = False) -> UserTrace:
        """Return the account, its memberships, password, home and keys, as far as they are its work."""
        return user_trace(footprint, host, keep=keep)

    def undo(self, pasts: Sequence[UserPast]) -> Iterator[Op]:
        """Yield what removes, makes or changes each account."""
        for past in pasts:
            yield from user_brought_back(past)
