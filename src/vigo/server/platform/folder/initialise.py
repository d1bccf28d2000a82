"""Making a data folder: every file once, each as a whole, so that a run that was killed is completed by the next."""

import secrets
import uuid
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from vigo.catalog.resources.security.certificate import SERVICE_CA
from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, DamagedError, ForbiddenError, InvalidError
from vigo.core.hostnames import canonical_hostname
from vigo.core.ids import ServerId
from vigo.core.signing import SigningKey
from vigo.server.platform.folder.files import PRIVATE, PRIVATE_FOLDER, make_private_folder, write_atomically
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.authority import ca_certificate, new_key
from vigo.server.platform.settings.document import settings_document

ADMIN_TOKEN_PREFIX: Final = "vigo-admin-"  # noqa: S105 - what stands before a token, not one
_EXAMPLE: Final = "vigo.server.platform.folder"
_MASTER_KEY_BYTES: Final = 32


def is_initialised(folder: DataFolder) -> bool:
    """Return whether `init` has completed here."""
    return folder.server_id.exists()


def check_usable(folder: DataFolder) -> None:
    """Accept a data folder that is new, empty or ours.

    Raises:
        ConflictError: other things stand in it; making it private would take them from their owners.
        ForbiddenError: it is no folder, or not to be read.
    """
    try:
        names = {entry.name for entry in folder.root.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise ForbiddenError(f"{folder.root}: expected a folder, found a file; give another --data-dir") from error
    foreign = {name for name in names if not name.endswith(".new")} - folder.own_names()
    if foreign and not is_initialised(folder):
        raise ConflictError(
            f"{folder.root}: expected an empty or new folder, found {', '.join(sorted(foreign)[:3])} in it; give"
            " vigosrv a --data-dir of its own"
        )


def make_root(folder: DataFolder) -> None:
    """Make the folder itself and what the lock needs."""
    folder.root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if not is_initialised(folder):
        folder.root.chmod(PRIVATE_FOLDER)
    make_private_folder(folder.run)


def initialise(folder: DataFolder, clock: Clock, server_names: tuple[str, ...] = ()) -> None:
    """Complete a data folder. Nothing that is there is replaced. The caller holds the folder's lock.

    Raises:
        InvalidError: a server name is none.
    """
    names = tuple(_server_name(name) for name in server_names)
    make_private_folder(folder.keys)
    make_private_folder(folder.live)
    _once(folder.ca_key, new_key)
    _once(folder.ca_certificate, lambda: _own_ca(folder, clock))
    make_service_ca(folder, clock)
    _once(folder.policy_key, _new_policy_key)
    _once(folder.master_key, lambda: secrets.token_bytes(_MASTER_KEY_BYTES))
    _once(folder.vault_key, lambda: secrets.token_bytes(_MASTER_KEY_BYTES))
    make_private_folder(folder.secrets)
    chosen: dict[str, Any] = {"server_names": names} if names else {}
    _once(folder.settings, lambda: settings_document(chosen).encode())
    _example_stacks(folder)
    mint_admin_token(folder)
    _once(folder.server_id, _new_server_id)


def check_complete(folder: DataFolder) -> None:
    """Accept an initialised folder whose keys are all there.

    Raises:
        DamagedError: one is missing. It is not made anew: every envoy trusts the one that was there.
    """
    needed = (folder.ca_key, folder.ca_certificate, folder.policy_key, folder.master_key)
    missing = [path for path in needed if not path.exists()]
    if missing:
        raise DamagedError(
            f"{missing[0]}: missing from an initialised data folder; restore it from a backup, or begin anew with"
            " another --data-dir and enrol every machine again"
        )


def server_id(folder: DataFolder) -> ServerId:
    """Return the server's identity.

    Raises:
        DamagedError: the file holds something else.
    """
    text = folder.server_id.read_text("ascii", errors="replace").strip()
    try:
        return ServerId(str(uuid.UUID(text)))
    except ValueError as error:
        raise DamagedError(
            f"{folder.server_id}: expected the server's UUID, found {len(text)} characters; restore it from a backup"
        ) from error


def make_service_ca(folder: DataFolder, clock: Clock) -> None:
    """Make the CA for services on machines where it is missing, as in a data folder of before there was one.

    Raises:
        DamagedError: its key is gone: a new one under the name of the old one would be trusted by nobody.
    """
    if folder.service_ca_certificate.exists() and not folder.service_ca_key.exists():
        raise DamagedError(
            f"{folder.service_ca_key}: missing, though its certificate is there; restore it from a backup, or remove"
            f" {folder.service_ca_certificate} too: then a new CA is made, which those who trusted the old one do not"
        )
    _once(folder.service_ca_key, new_key)
    _once(
        folder.service_ca_certificate,
        lambda: ca_certificate(folder.service_ca_key.read_bytes(), clock.now(), f"{SERVICE_CA} {secrets.token_hex(4)}"),
    )


def mint_admin_token(folder: DataFolder) -> str:
    """Write a new admin token for the host's root and return it; the former one is void."""
    token = ADMIN_TOKEN_PREFIX + secrets.token_urlsafe(32)
    write_atomically(folder.admin_token, f"{token}\n".encode(), PRIVATE)
    return token


def _once(path: Path, content: Callable[[], bytes]) -> None:
    if not path.exists():
        write_atomically(path, content(), PRIVATE)


def _new_policy_key() -> bytes:
    return SigningKey.generate().to_hex().encode() + b"\n"


def _new_server_id() -> bytes:
    return str(uuid.uuid4()).encode() + b"\n"


def _own_ca(folder: DataFolder, clock: Clock) -> bytes:
    return ca_certificate(folder.ca_key.read_bytes(), clock.now(), f"Vigo CA {secrets.token_hex(4)}")


def _server_name(text: str) -> str:
    from ipaddress import ip_address  # noqa: PLC0415 - for `init --name` alone

    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        return canonical_hostname(text)
    except InvalidError as error:
        raise InvalidError(f"--name: {error}; an IP address is accepted too") from error


def _example_stacks(folder: DataFolder) -> None:
    """Copy the example once; stacks that an operator put there first stay alone."""
    if not folder.stacks.exists():
        temporary = folder.root / ".stacks.new"
        _copy(resources.files(_EXAMPLE) / "example_stacks", temporary)
        temporary.rename(folder.stacks)


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, target / entry.name)
        else:
            write_atomically(target / entry.name, entry.read_bytes(), 0o640)
