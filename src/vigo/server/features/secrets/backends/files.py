"""Secrets in plain files or variables of the environment: for trying things out, and never for production."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import DamagedError, InvalidError, NotFoundError, UnavailableError, UsageError
from vigo.core.secret_marker import WHOLE, checked_path
from vigo.server.features.secrets.models import ListedSecret, SecretContent, SecretVersion

_VARIABLE: Final = "VIGO_SECRET_"
_READ_ONLY: Final = "this vault is a folder of plain files, which vigosrv only reads: change the file"


class PlainFiles:
    """A folder with a file for each secret: `web/db` is the file `web/db`, or `web/db.json` with a map of fields.

    A variable `VIGO_SECRET_WEB_DB` of the server's environment goes before both. All of it is one version, 1.
    """

    name = "the folder of plain secrets"
    is_shared = True

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = os.environ if environment is None else environment

    def read(self, path: str, version: int | None = None) -> SecretContent:
        """Return a secret; see `SecretReader.read`."""
        found = self._fields(path)
        if found is None or version not in (None, 1):
            raise NotFoundError(f"expected the secret {path} in {self._folder}, found none; write the file")
        return SecretContent(found, 1)

    def stamp(self, path: str) -> str | None:
        """Return a digest of the present value; see `SecretReader.stamp`."""
        try:
            found = self._fields(path)
        except (DamagedError, UnavailableError):
            return None
        return "" if found is None else hashlib.sha256(msgspec.json.encode(found, order="sorted")).hexdigest()

    def refresh(self, paths: Iterable[str]) -> None:
        """Do nothing: the files are looked at each time."""

    def put(self, path: str, fields: Mapping[str, str], by: str) -> SecretVersion:
        """Refuse."""
        del path, fields, by
        raise UsageError(_READ_ONLY)

    def remove(self, path: str) -> None:
        """Refuse."""
        del path
        raise UsageError(_READ_ONLY)

    def listed(self) -> tuple[ListedSecret, ...]:
        """Return the secrets that are in files; see `SecretStore.listed`."""
        found = []
        for file in sorted(one for one in self._folder.rglob("*") if one.is_file()):
            path = file.relative_to(self._folder).as_posix().removesuffix(".json")
            try:
                fields = self._fields(checked_path(path))
            except (InvalidError, DamagedError, UnavailableError) as error:
                found.append(ListedSecret(path=path, version=0, problem=str(error)))
            else:
                changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                found.append(ListedSecret(path=path, version=1, changed_at=changed, fields=tuple(sorted(fields or ()))))
        return tuple(found)

    def history(self, path: str) -> tuple[SecretVersion, ...]:
        """Return the one version; see `SecretStore.history`."""
        fields = self.read(path).fields
        file = next((one for one in self._files(path) if one.exists()), None)
        seconds = 0.0 if file is None else file.stat().st_mtime
        return (
            SecretVersion(version=1, created_at=datetime.fromtimestamp(seconds, UTC), fields=tuple(sorted(fields))),
        )

    def rekey(self) -> int:
        """Refuse: no key of this server's is in it."""
        raise UsageError("plain files are under no key")

    def _fields(self, path: str) -> Mapping[str, str] | None:
        given = self._environment.get(_VARIABLE + "".join(c if c.isalnum() else "_" for c in path).upper())
        if given is not None:
            return {WHOLE: given}
        plain, document = self._files(path)
        try:
            if document.exists():
                return msgspec.json.decode(document.read_bytes(), type=dict[str, str])
            return {WHOLE: plain.read_text("utf-8")} if plain.exists() else None
        except NOT_DECODED as error:
            raise DamagedError(f"{plain}: expected UTF-8 text, or a JSON map of texts: {error}") from error
        except OSError as error:
            raise UnavailableError(f"{plain}: cannot be read: {error.strerror}") from error

    def _files(self, path: str) -> tuple[Path, Path]:
        # Every path was checked: no part of it is `..`.
        return self._folder / path, self._folder / f"{path}.json"
