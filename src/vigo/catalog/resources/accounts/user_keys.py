"""The keys that a user resource declares: all that may log in as the user."""

from collections.abc import Iterator

from vigo.catalog.formats.accounts import PasswdEntry
from vigo.catalog.ops import Op
from vigo.catalog.resources.accounts.key_file import brought, require_place
from vigo.catalog.resources.accounts.user_spec import UserSpec
from vigo.catalog.resources.accounts.user_state import UserState
from vigo.core.errors import BlockedError

_FIELD = "authorized_keys"


def key_changes(spec: UserSpec, state: UserState, entry: PasswdEntry) -> Iterator[Op]:
    """Yield what brings the user's key file, its owner and mode into state.

    Raises:
        BlockedError: there is no home directory to hold it.
        InvalidError: something else than a directory and a file is in its place.
    """
    if spec.authorized_keys is None or state.keys is None:
        return
    if state.home is None and not spec.manage_home:
        raise BlockedError(
            f"{_FIELD}: expected the home {entry.home}, found none; set manage_home: true or add a directory"
            " resource for it"
        )
    require_place(_FIELD, entry.home, state.keys)
    text = "".join(f"{line}\n" for line in spec.authorized_keys)
    yield from brought(entry, state.keys, text, (_FIELD,), chown=state.can_chown)
