"""Secrets of an OpenBao or Vault server: its key-value store, version 2, used by an AppRole.

Source: the OpenBao API documentation, "KV secrets engine - version 2" and "AppRole auth method".
"""

import ssl
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import DamagedError, NotFoundError, UnavailableError, UsageError, VigoError
from vigo.server.features.secrets.models import ListedSecret, SecretContent, SecretVersion

_TIMEOUT_SECONDS: Final = 10.0
_MOST_DEPTH: Final = 20
_NOT_FOUND, _FORBIDDEN, _OK, _NO_CONTENT = 404, 403, 200, 204
# A token is renewed when this share of its life is left.
_RENEWED_AT: Final = 3


class OpenBaoSettings(NamedTuple):
    """Where the server is and as whom it is asked."""

    address: str
    mount: str
    role_id: str
    secret_id_file: Path
    ca_file: Path | None


class _Token(NamedTuple):
    text: str
    renew_at: timedelta
    ends_at: timedelta
    is_renewable: bool


class OpenBaoVault:
    """The secrets below one mount. Its methods may be called from several threads."""

    name = "OpenBao"
    is_shared = True

    def __init__(self, settings: OpenBaoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._stamps: dict[str, str] = {}
        # No redirects and no proxy out of the environment: the token goes to nobody else.
        self._client = httpx.Client(
            base_url=settings.address,
            verify=_context(settings.ca_file),
            timeout=_TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, path: str, version: int | None = None) -> SecretContent:
        """Return a secret; see `SecretReader.read`."""
        params = {} if version is None else {"version": str(version)}
        found = self._asked("GET", f"data/{path}", path, params=params)
        try:
            data, metadata = found["data"]["data"], found["data"]["metadata"]
            fields = {str(name): _as_text(value) for name, value in data.items()}
            self._stamps[path] = _stamp(metadata) if version is None else self._stamps.get(path, "")
            return SecretContent(fields, int(metadata["version"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DamagedError(f"{path}: expected a secret of {self.name}'s version 2, found another answer") from error

    def stamp(self, path: str) -> str | None:
        """Return what stands for the present version as of the last time that it was looked at."""
        return self._stamps.get(path)

    def refresh(self, paths: Iterable[str]) -> None:
        """Look at the versions of some secrets; see `SecretReader.refresh`."""
        for path in paths:
            try:
                found = self._asked("GET", f"metadata/{path}", path)["data"]
                number = str(found["current_version"])
                self._stamps[path] = _stamp({**found["versions"].get(number, {}), "version": number})
            except NotFoundError:
                self._stamps[path] = ""
            except (KeyError, TypeError, AttributeError) as error:
                raise UnavailableError(
                    f"{self.name}: expected what it knows of {path}, found another answer"
                ) from error

    def put(self, path: str, fields: Mapping[str, str], by: str) -> SecretVersion:
        """Store a new version; see `SecretStore.put`. Who did it stands in Vigo's audit trail."""
        answer = self._asked("POST", f"data/{path}", path, body={"data": dict(fields)})["data"]
        self._stamps[path] = _stamp(answer)
        return SecretVersion(
            version=int(answer["version"]),
            created_at=_moment(answer["created_time"]),
            created_by=by,
            fields=tuple(sorted(fields)),
        )

    def remove(self, path: str) -> None:
        """Remove a secret; see `SecretStore.remove`."""
        self.history(path)
        self._asked("DELETE", f"metadata/{path}", path)
        self._stamps[path] = ""

    def listed(self) -> tuple[ListedSecret, ...]:
        """Return all secrets; see `SecretStore.listed`."""
        found = []
        for path in sorted(self._paths("", 0)):
            try:
                newest = self.history(path)[0]
                found.append(ListedSecret(path=path, version=newest.version, changed_at=newest.created_at))
            except VigoError as error:
                found.append(ListedSecret(path=path, version=0, problem=str(error)))
        return tuple(found)

    def history(self, path: str) -> tuple[SecretVersion, ...]:
        """Return the versions of a secret; see `SecretStore.history`. It does not tell who made them."""
        found = self._asked("GET", f"metadata/{path}", path)["data"]["versions"]
        versions = [
            SecretVersion(version=int(number), created_at=_moment(one["created_time"]))
            for number, one in found.items()
            if not one.get("destroyed") and not one.get("deletion_time")
        ]
        if not versions:
            raise _missing(path)
        return tuple(sorted(versions, key=lambda one: one.version, reverse=True))

    def rekey(self) -> int:
        """Refuse: no key of this server's is in it."""
        raise UsageError(f"{self.name} keeps its own keys: change them there")

    def _paths(self, folder: str, depth: int) -> Iterable[str]:
        if depth > _MOST_DEPTH:
            return
        try:
            found = self._asked("LIST", f"metadata/{folder}", folder)
        except NotFoundError:
            return
        for name in found["data"]["keys"]:
            if name.endswith("/"):
                yield from self._paths(folder + name, depth + 1)
            else:
                yield folder + name

    def _asked(
        self,
        method: str,
        path: str,
        secret: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Any:
        """Return an answer. A token that is refused is replaced once: it may have been revoked meanwhile."""
        where = f"/v1/{self._settings.mount}/{path}"
        response = self._sent(method, where, self._present_token(), params, body)
        if response.status_code == _FORBIDDEN:
            with self._lock:
                self._token = self._logged_in()
            response = self._sent(method, where, self._token.text, params, body)
        if response.status_code == _NOT_FOUND:
            raise _missing(secret)
        if response.status_code == _NO_CONTENT:
            return {}
        if response.status_code != _OK:
            raise UnavailableError(
                f"{self.name} refuses {method} {where} with status {response.status_code}: {_errors(response)}; look at"
                " the policy of Vigo's AppRole and at its log"
            )
        return _decoded(response)

    def _present_token(self) -> str:
        with self._lock:
            now = self._clock.monotonic()
            token = self._token
            if token is None or now >= token.ends_at:
                token = self._logged_in()
            elif now >= token.renew_at:
                token = self._renewed(token) or self._logged_in()
            self._token = token
            return token.text

    def _logged_in(self) -> _Token:
        try:
            secret_id = self._settings.secret_id_file.read_text("ascii", errors="replace").strip()
        except OSError as error:
            raise UnavailableError(
                f"openbao_secret_id_file: {self._settings.secret_id_file} cannot be read: {error.strerror}"
            ) from error
        body = {"role_id": self._settings.role_id, "secret_id": secret_id}
        response = self._sent("POST", "/v1/auth/approle/login", None, None, body)
        if response.status_code != _OK:
            raise UnavailableError(
                f"{self.name} does not accept Vigo's AppRole (status {response.status_code}): {_errors(response)};"
                " correct openbao_role_id and the file of openbao_secret_id_file"
            )
        return self._token_of(_decoded(response))

    def _renewed(self, token: _Token) -> _Token | None:
        if not token.is_renewable:
            return None
        response = self._sent("POST", "/v1/auth/token/renew-self", token.text, None, {})
        return self._token_of(_decoded(response)) if response.status_code == _OK else None

    def _token_of(self, answer: Any) -> _Token:
        try:
            auth = answer["auth"]
            life = timedelta(seconds=int(auth["lease_duration"]))
            now = self._clock.monotonic()
            return _Token(auth["client_token"], now + life - life / _RENEWED_AT, now + life, bool(auth["renewable"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UnavailableError(f"{self.name}: expected a token, found another answer") from error

    def _sent(
        self, method: str, path: str, token: str | None, params: Mapping[str, str] | None, body: Any
    ) -> httpx.Response:
        headers = {} if token is None else {"X-Vault-Token": token}
        try:
            return self._client.request(
                method,
                path,
                params=params,
                headers=headers,
                content=None if body is None else msgspec.json.encode(body),
            )
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"expected {self.name} at {self._settings.address} to answer, found: {error or type(error).__name__};"
                " it is tried again with the next request"
            ) from error


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise UsageError(f"openbao_ca_file: {ca_file}: expected a CA's certificate in PEM, found: {error}") from error


def _decoded(response: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(response.content)
    except NOT_DECODED as error:
        raise UnavailableError(f"expected JSON from {response.url.host}, found something else") from error


def _errors(response: httpx.Response) -> str:
    try:
        found = msgspec.json.decode(response.content)["errors"]
        return "; ".join(map(str, found))[:400] or "no reason given"
    except (*NOT_DECODED, KeyError, TypeError):
        return "no reason given"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _stamp(metadata: Mapping[str, Any]) -> str:
    if metadata.get("deletion_time") or metadata.get("destroyed"):
        return ""
    return f"{metadata['version']} {metadata.get('created_time', '')}"


def _moment(text: str) -> datetime:
    return msgspec.convert(text, datetime, strict=False)


def _missing(path: str) -> NotFoundError:
    return NotFoundError(f"expected the secret {path} in OpenBao, found none; put it there, or correct the name")
