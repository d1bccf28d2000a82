"""Opening the backend that the settings name."""

import getpass
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vigo.core.clock import Clock
from vigo.core.errors import DamagedError, UsageError
from vigo.server.features.secrets.backends.files import PlainFiles
from vigo.server.features.secrets.backends.local import LocalVault
from vigo.server.features.secrets.backends.vault_key import (
    KEY_BYTES,
    FileKeys,
    VaultKeys,
    credential_key,
    passphrase_key,
)
from vigo.server.features.secrets.models import SecretStore
from vigo.server.platform.folder.files import write_atomically
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.settings.model import SecretsBackend, Settings, VaultKeySource

PASSPHRASE_VARIABLE: Final = "VIGO_VAULT_PASSPHRASE"  # noqa: S105 - the name of one
"""Where the passphrase of the local vault is found; it is taken out of the environment at once."""


def opened_store(folder: DataFolder, settings: Settings, clock: Clock, ask: Callable[[], str]) -> SecretStore:
    """Return where this server's secrets are. `ask` returns the passphrase of the local vault from a person.

    Raises:
        UsageError: the settings leave out what the backend needs.
        DamagedError: the vault's key is missing or is none.
    """
    if settings.secrets_backend is SecretsBackend.FILES:
        return PlainFiles(Path(_needed(settings, "secrets_folder")))
    if settings.secrets_backend is SecretsBackend.OPENBAO:
        # Few servers have one, and an HTTP client takes its time to import.
        from vigo.server.features.secrets.backends.openbao import OpenBaoSettings, OpenBaoVault  # noqa: PLC0415

        return OpenBaoVault(
            OpenBaoSettings(
                address=_needed(settings, "openbao_address"),
                mount=settings.openbao_mount.strip("/"),
                role_id=_needed(settings, "openbao_role_id"),
                secret_id_file=Path(_needed(settings, "openbao_secret_id_file")),
                ca_file=Path(settings.openbao_ca_file) if settings.openbao_ca_file else None,
            ),
            clock,
        )
    return LocalVault(folder.secrets, _keys(folder, settings.vault_key, ask), clock)


def asked_passphrase() -> str:
    """Return the passphrase that a person types.

    Raises:
        UsageError: nobody is there to ask.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            f"vault_key: expected the passphrase of the vault in {PASSPHRASE_VARIABLE}, or a terminal to ask for it,"
            " found neither"
        )
    return getpass.getpass("Passphrase of the vault: ")


def _keys(folder: DataFolder, source: VaultKeySource, ask: Callable[[], str]) -> VaultKeys:
    if source is VaultKeySource.CREDENTIAL:
        return credential_key()
    if source is VaultKeySource.PASSPHRASE:
        return passphrase_key(os.environ.pop(PASSPHRASE_VARIABLE, "") or ask(), folder.vault_salt)
    if not folder.vault_key.exists():
        if folder.secrets.exists() and any(folder.secrets.glob("*.sealed")):
            raise DamagedError(
                f"{folder.vault_key}: missing, though there are secrets under it; restore it from a backup, or move"
                f" {folder.secrets} away and set every secret anew"
            )
        # A data folder that was made before there was a vault.
        write_atomically(folder.vault_key, secrets.token_bytes(KEY_BYTES))
    return FileKeys(folder.vault_key)


def _needed(settings: Settings, name: str) -> str:
    value: str = getattr(settings, name)
    if not value:
        raise UsageError(f"server.yaml: {name}: expected a value, since secrets_backend is {settings.secrets_backend}")
    return value
