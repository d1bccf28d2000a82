"""Which server to call, with which token, trusting which CA."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import DamagedError, ForbiddenError, NotFoundError, UnavailableError, UsageError

DEFAULT_DATA_DIR: Final = Path("/var/lib/vigo")
_RUNNING, _ADMIN_TOKEN = "run/server.json", "admin.token"


class Target(NamedTuple):
    """A server. `data_dir` is the folder that named it, None where a login did."""

    url: str
    token: str
    ca_pem: str
    data_dir: Path | None = None


def find_target(data_dir: Path | None, environment: Mapping[str, str] = os.environ) -> Target:
    """Return the server of a data folder, of the login, or of the usual data folder of this host.

    Raises:
        UsageError: there is none of these.
        UnavailableError: no server runs on the folder.
        ForbiddenError: the folder is not ours to read.
        DamagedError: what stands there is something else.
    """
    if data_dir is not None:
        return _of_folder(data_dir)
    from vigo.cli.client.login_file import LoginFile  # noqa: PLC0415 - a data folder needs none

    login = LoginFile.of(environment).load()
    if login is not None:
        return Target(login.server, login.token, login.ca_pem)
    if os.access(DEFAULT_DATA_DIR / _RUNNING, os.R_OK):
        return _of_folder(DEFAULT_DATA_DIR)
    raise UsageError(
        f"expected a server to call, found none: no --data-dir, no login, and no server on {DEFAULT_DATA_DIR}; on the"
        " server's host give --data-dir (as root or the server's user), elsewhere run `vigocli login`"
    )


def _of_folder(folder: Path) -> Target:
    import msgspec  # noqa: PLC0415 - a login needs none

    if not _read_folder(folder):
        raise NotFoundError(
            f"{folder}: expected the data folder of a server, found none; check --data-dir, or make it with"
            f" `vigosrv init --data-dir {folder}`"
        )
    running = folder / _RUNNING
    text = _read(running)
    if text is None:
        raise UnavailableError(
            f"{running}: missing, so no server runs on this folder; start it with `vigosrv run --data-dir {folder}`"
        )

    class Running(msgspec.Struct):
        api: str
        ca: str

    try:
        found = msgspec.json.decode(text, type=Running)
    except NOT_DECODED as error:
        raise DamagedError(f"{running}: expected what vigosrv writes, found {error}; restart vigosrv") from error
    token, ca_pem = _read(folder / _ADMIN_TOKEN), _read(Path(found.ca))
    if token is None or ca_pem is None:
        missing = folder / _ADMIN_TOKEN if token is None else found.ca
        raise UnavailableError(f"{missing}: missing beside a server that runs; restart vigosrv, it makes it anew")
    return Target(found.api, token.strip(), ca_pem, folder)


def _read_folder(folder: Path) -> bool:
    """Return whether the folder is there; raise where we may not look."""
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _not_readable(folder, error) from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_readable(path, error) from error
    except ValueError as error:
        raise DamagedError(f"{path}: expected text, found other bytes; restart vigosrv, or restore a backup") from error


def _not_readable(path: Path, error: OSError) -> ForbiddenError:
    return ForbiddenError(
        f"{path}: cannot be read: {error.strerror}; run vigocli as root or as the folder's owner, or use"
        " `vigocli login` as an operator"
    )
