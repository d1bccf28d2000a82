"""Secrets on their way between the server and this client: sealed to one reader, inside TLS."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from vigo.core.encoding import decode, encode
from vigo.core.sealing import Reader, SealingKeys, context_of_value, seal
from vigo.core.secret_marker import checked_path

if TYPE_CHECKING:
    from vigo.cli.client.api import Api


class Revealed(msgspec.Struct, frozen=True):
    """A secret with its values."""

    fields: Mapping[str, str]
    version: int

    def __repr__(self) -> str:
        """Return which fields there are, and never a value."""
        return f"Revealed(fields={sorted(self.fields)}, version={self.version})"


def reveal(api: "Api", path: str, version: int | None = None) -> Revealed:
    """Return the fields of a secret with their values."""
    reader = Reader()
    body: dict[str, Any] = {"x25519": _text(reader.keys.x25519), "mlkem768": _text(reader.keys.mlkem768)}
    answer = api.post(f"secret-values/{checked_path(path)}", body | ({} if version is None else {"version": version}))
    plain = reader.open(base64.b64decode(answer["sealed"]), context_of_value(path))
    return Revealed(decode(plain, dict[str, str]), answer["version"])


def store(api: "Api", path: str, fields: Mapping[str, str], base: int | None) -> Any:
    """Return what giving a secret these fields did."""
    path = checked_path(path)
    key = api.get("sealing-key")
    keys = SealingKeys(x25519=base64.b64decode(key["x25519"]), mlkem768=base64.b64decode(key["mlkem768"]))
    sealed = seal(encode(dict(fields)), keys, context_of_value(path))
    return api.put(f"secrets/{path}", {"sealed": _text(sealed), "key": key["key"], "base": base})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
