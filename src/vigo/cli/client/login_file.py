"""The login of a person: server, token and pinned CA in one private file."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import msgspec

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import DamagedError, ForbiddenError, UnavailableError

_PRIVATE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_OTHERS: Final = 0o077


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A server and what it takes to use it."""

    server: str
    token: str
    ca_pem: str


class LoginFile:
    """`vigo/login.json` in the user's configuration folder. Source: XDG Base Directory Specification."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the file of the user whose environment this is."""
        chosen = environment.get("XDG_CONFIG_HOME", "")
        # The specification has relative paths ignored.
        folder = Path(chosen) if chosen.startswith("/") else Path(environment.get("HOME", "/root")) / ".config"
        return cls(folder / "vigo" / "login.json")

    def load(self) -> Login | None:
        """Return the login, or None where there is none.

        Raises:
            ForbiddenError: others can read it, or we cannot.
            DamagedError: it holds something else.
        """
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ForbiddenError(
                f"{self.path}: cannot be read: {error.strerror}; check its owner and its folder's rights"
            ) from error
        if mode & _OTHERS:
            raise ForbiddenError(
                f"{self.path}: expected mode 0600, found {mode:04o}: others may have read the token; withdraw it"
                " (`vigocli access revoke`), and log in with a new one"
            )
        try:
            return msgspec.json.decode(content, type=Login)
        except NOT_DECODED as error:
            raise DamagedError(f"{self.path}: expected a login, found {error}; run `vigocli login` again") from error

    def save(self, login: Login) -> None:
        """Replace the login as a whole, readable by its owner alone.

        Raises:
            UnavailableError: it cannot be written; a former one is still there.
        """
        temporary = self.path.with_name(f".{self.path.name}.new")
        try:
            for folder in (*reversed(self.path.parent.parents), self.path.parent):
                # Source: XDG Base Directory Specification: what is made has mode 0700.
                if not folder.exists():
                    folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
            temporary.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(temporary, flags, _PRIVATE), "wb") as stream:
                stream.write(msgspec.json.encode(login))
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise UnavailableError(
                f"{self.path}: cannot be written: {error.strerror}; free some space or check the rights of its folder"
            ) from error

    def remove(self) -> bool:
        """Forget the login; return whether there was one.

        Raises:
            UnavailableError: it cannot be removed.
        """
        try:
            self.path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise UnavailableError(f"{self.path}: cannot be removed: {error.strerror}; remove it by hand") from error
        return True
