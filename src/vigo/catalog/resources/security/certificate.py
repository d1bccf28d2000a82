"""The kind `certificate`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, get_args

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource
from vigo.catalog.formats.key_pairs import (
    MAX_CERTIFICATE_BYTES,
    MAX_KEY_BYTES,
    FoundKey,
    FoundPair,
    read_key,
    read_pair,
)
from vigo.catalog.formats.names import check_path, mode_bits
from vigo.catalog.formats.self_signed import KeyType
from vigo.catalog.host_clock import host_time
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile
from vigo.catalog.ops.issue_certificate import IssueCertificate
from vigo.catalog.ops.obtain_certificate import CHALLENGES, ObtainCertificate
from vigo.catalog.ops.request_certificate import RequestCertificate
from vigo.catalog.paths import entry_path
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    require_one_name,
    require_parent,
    wanted_attributes,
)
from vigo.catalog.resources.security.certificate_spec import CertificateSpec, check_acme, check_vigo, days_of, names_of
from vigo.core.encoding import digest
from vigo.core.errors import BlockedError, InvalidError

_KEY_TYPES: tuple[KeyType, ...] = get_args(KeyType)
_NEW_KEY_TYPE: KeyType = "ecdsa-p256"
_LONGEST_COMMON_NAME = 64
"""Source: RFC 5280 appendix A.1, ub-common-name."""

_MOST_NAMES = 100
_FOLDER = "/etc/vigo"
_ACCOUNTS = "/etc/vigo/acme"
_BEFORE = timedelta(hours=1)
"""How long before now a certificate begins: clients whose clocks are a little behind shall take it."""

SERVICE_CA = "Vigo service CA"
"""What the common name of the CA begins with that Vigo's server signs services with."""

_TOLERANCE = timedelta(days=1)
_BEHIND = timedelta(minutes=1)
"""By how much the host's time may be behind that of a program which made a certificate just now."""

_CLOCK_YEARS = range(2025, 9000)
"""A clock that says another year was never set: what is made by it would be worth nothing once it is."""


class CertificateState(msgspec.Struct, frozen=True, kw_only=True):
    """What is at both paths. `pair` and `key` are None where nothing is; `strange` says what else is in the way.

    `folders` are missing, and needed for ACME.
    """

    stat: FileStat | None
    key_stat: FileStat | None
    pair: FoundPair | None = None
    key: FoundKey | None = None
    strange: str = ""
    is_one_file: bool = False
    is_image: bool = False
    now: datetime | None = None
    wanted: Attributes = Attributes()
    has_webroot: bool = False
    folders: tuple[MakeDirectory, ...] = ()


class Certificate(Resource[CertificateSpec, CertificateState]):
    """A new certificate is made when names, key or issuer differ from the declared ones, and in time before it expires.

    The common name is always among its names, since programs look only at those. Changing `days` to less than what is
    left makes a new one too; to more has it last longer from the next one on.

    The key is made on the machine, readable by its owner alone from the first byte (then as `key_mode` says), and never
    leaves it: it stands in no policy, result, diff or log. It stays when the certificate is renewed, so that whoever
    pinned it goes on; `new_key: true` has each certificate get its own. A key that is there already is used, whoever
    made it; another sort than `key_type` says is replaced. Both files are whole before either takes its place.

    Nothing but certificates and private keys is ever overwritten or removed: what else is at the paths is left and said
    to be blocked, and so is a key with a passphrase. Services read their certificate when they start or are reloaded:
    let the resource notify them. Nobody trusts a self-signed certificate by itself; give its file to those who shall.

    With `issuer: acme` the authority looks for a file below `webroot` over port 80 (RFC 8555, http-01), so the web
    server has to run before, with the names leading to it. Names that were refused are asked for again after 15
    minutes, since authorities allow few such requests an hour. The whole chain is written. The account's key is kept
    below `/etc/vigo/acme`. Another directory counts from the next renewal on. The machine needs the Python package
    `acme`, which `vigo[acme]` brings.

    With `issuer: vigo` the server signs, with a CA of its own for services: `GET /bootstrap/v1/service-ca` gives its
    certificate to those who shall trust it, and it stands behind the machine's in the file. A machine gets names that
    its policy has in plain words, and the one that it was enrolled by; what a template makes of its traits is not
    enough. Without the server, the certificate that is there stays.
    """

    kind, since, spec = "certificate", "0.1", CertificateSpec

    def validate(self, spec: CertificateSpec) -> None:
        """Accept two paths, names that servers have, and a renewal that leaves time between two of them."""
        check_path("path", spec.path)
        check_path("key_path", spec.key_path)
        check_owner_fields(spec.owner, spec.group)
        for name, path in (("path", spec.path), ("key_path", spec.key_path)):
            if path == "/":
                raise InvalidError(f"{name}: expected a file, found the root directory; choose another path")
        if spec.path == spec.key_path:
            raise InvalidError("key_path: expected another file than path, found the same; choose another path")
        if len(spec.common_name) > _LONGEST_COMMON_NAME:
            raise InvalidError(
                f"common_name: expected at most {_LONGEST_COMMON_NAME} characters, found {len(spec.common_name)}; put"
                " a shorter name of the server there, and this one into sans"
            )
        if len(names_of(spec)) > _MOST_NAMES:
            raise InvalidError(f"sans: expected at most {_MOST_NAMES} names, found more; part the resource")
        if spec.issuer == "acme":
            check_acme(spec)
            return
        check_vigo(spec)
        for name in ("directory_url", "webroot", "ca_path"):
            if getattr(spec, name) is not None:
                raise InvalidError(f"{name}: expected issuer: acme beside it, found {spec.issuer}; remove one")
        if spec.renew_before is not None and spec.renew_before >= days_of(spec):
            raise InvalidError(
                f"renew_before: expected fewer days than days ({days_of(spec)}), found {spec.renew_before}: each run"
                " would make a new certificate; lower it"
            )

    def observe(self, spec: CertificateSpec, host: ReadHost) -> CertificateState:
        """Return what both files are. Of the key only its sort and the digest of its public half are kept."""
        stat, key_stat = host.stat(spec.path), host.stat(spec.key_path)
        pair, key, strange = None, None, ""
        try:
            pair = read_pair(_content(host, spec.path, stat, MAX_CERTIFICATE_BYTES))
        except InvalidError as error:
            strange = _in_the_way("path", "a certificate in PEM", spec.path, str(error))
        try:
            content = _content(host, spec.key_path, key_stat, MAX_KEY_BYTES)
            key = read_key(content) if content.strip() else None
        except InvalidError as error:
            strange = strange or _in_the_way("key_path", "a private key in PEM", spec.key_path, str(error))
        wanted = Attributes()
        if spec.state == "present":
            for name, path, found in (("path", spec.path, stat), ("key_path", spec.key_path, key_stat)):
                if found is None:
                    require_parent(host, path, name)
            wanted = wanted_attributes(host, spec.key_mode, spec.owner, spec.group)
        return CertificateState(
            stat=stat,
            key_stat=key_stat,
            pair=pair,
            key=key,
            strange=strange,
            is_one_file=entry_path(host, spec.path) == entry_path(host, spec.key_path),
            is_image=host.is_image(),
            now=None if host.is_image() else host_time(host),
            wanted=wanted,
            has_webroot=spec.webroot is not None and host.stat(spec.webroot) is not None,
            folders=_missing_folders(spec, host),
        )

    def plan(self, spec: CertificateSpec, state: CertificateState) -> Iterator[Op]:
        """Yield what makes the certificate, with a new key where one is due, or gives both files their owner."""
        _require_files(spec, state)
        if spec.state == "absent":
            if state.stat is not None:
                yield RemoveFile(path=spec.path)
            if state.key_stat is not None:
                yield RemoveFile(path=spec.key_path)
            return
        reasons = tuple(_reasons(spec, state))
        key_type = _due_key(spec, state) if reasons else None
        if state.key_stat is not None and key_type is None:
            for op in state.wanted.settle(spec.key_path, state.key_stat):
                yield msgspec.structs.replace(op, changes=_fields(op.changes))
        public = msgspec.structs.replace(state.wanted, mode=None)
        if not reasons:
            if state.stat is not None:
                yield from public.settle(spec.path, state.stat)
            _require_clock(state)
            return
        now = _require_clock(state)
        if now is None:
            raise BlockedError(
                "key_path: no certificate or private key is made in an image (--root), whose machines would all have"
                " the same; it is due once the image has been started"
            )
        require_one_name(spec.path, state.stat)
        require_one_name(spec.key_path, state.key_stat if key_type else None)
        shared = _shared(spec, state, key_type, reasons)
        if spec.issuer == "acme":
            yield from _obtaining(spec, state, shared)
        else:
            yield _made(spec, now, shared)

    def owns(self, spec: CertificateSpec) -> tuple[str, ...]:
        """Return both paths."""
        return f"path:{spec.path}", f"path:{spec.key_path}"


def _missing_folders(spec: CertificateSpec, host: ReadHost) -> tuple[MakeDirectory, ...]:
    """Return how the folders are made that ACME needs below others and that are missing."""
    if spec.issuer != "acme" or spec.state == "absent":
        return ()
    first, _, _ = CHALLENGES.partition("/")
    root = (spec.webroot or "").rstrip("/")
    modes = {_FOLDER: 0o755, _ACCOUNTS: 0o700, f"{root}/{first}": 0o755, f"{root}/{CHALLENGES}": 0o755}
    missing = {path: mode for path, mode in modes.items() if host.stat(path) is None}
    return tuple(MakeDirectory(path=path, mode=mode, changes=("issuer",)) for path, mode in missing.items())


def _shared(
    spec: CertificateSpec, state: CertificateState, key_type: KeyType | None, reasons: tuple[str, ...]
) -> dict[str, Any]:
    """Return what the operation says whoever signs."""
    return {
        "path": spec.path,
        "key_path": spec.key_path,
        "names": names_of(spec),
        "key_type": key_type,
        "key_mode": mode_bits(spec.key_mode),
        "uid": state.wanted.uid,
        "gid": state.wanted.gid,
        "changes": reasons,
    }


def _made(spec: CertificateSpec, now: datetime, shared: dict[str, Any]) -> Op:
    if spec.issuer == "vigo":
        return RequestCertificate(days=days_of(spec), **shared)
    return IssueCertificate(begins=now - _BEFORE, ends=now + timedelta(days=days_of(spec)), **shared)


def _obtaining(spec: CertificateSpec, state: CertificateState, shared: dict[str, Any]) -> Iterator[Op]:
    url, webroot = spec.directory_url or "", spec.webroot or ""
    if not state.has_webroot:
        raise BlockedError(
            f"webroot: expected the folder {webroot}, found none; add a directory resource or the web server's package,"
            " and put it in depends_on"
        )
    yield from state.folders
    yield ObtainCertificate(
        directory_url=url,
        webroot=webroot,
        account_path=f"{_ACCOUNTS}/{digest(url.encode())[:16]}.key",
        ca_path=spec.ca_path,
        **shared,
    )


def _content(host: ReadHost, path: str, stat: FileStat | None, most_bytes: int) -> bytes:
    """Return the content of a file, or nothing where none is; symlinks and directories are judged by the plan.

    Raises:
        InvalidError: it is larger than what is looked for.
        UnavailableError: it cannot be read.
    """
    if stat is None or stat.kind != "file":
        return b""
    if stat.size_bytes > most_bytes:
        raise InvalidError("something else")
    return host.read_bytes(path) or b""


def _in_the_way(name: str, expected: str, path: str, found: str) -> str:
    return (
        f"{name}: expected {expected} or nothing at {path}, found {found}; it is neither replaced nor removed: move it"
        " away, or choose another path"
    )


def _require_files(spec: CertificateSpec, state: CertificateState) -> None:
    """Accept paths that lead to two files which are what they shall be, or to nothing yet.

    Raises:
        BlockedError: another thing is in a file.
        InvalidError: a directory, device or symlink is there.
    """
    for name, path, stat in (("path", spec.path, state.stat), ("key_path", spec.key_path, state.key_stat)):
        kind = "file" if stat is None else stat.kind
        if kind in ("directory", "other") or (kind == "symlink" and spec.state == "present"):
            called = {"directory": "a directory", "symlink": "a symlink"}.get(kind, "a device, socket or pipe")
            raise InvalidError(
                f"{name}: expected a file at {path} or nothing, found {called}; name the file itself, or remove it"
            )
    if state.strange:
        raise BlockedError(state.strange)
    if state.is_one_file:
        raise InvalidError(
            f"key_path: expected another file than path, found that a symlink leads {spec.key_path} to the same place;"
            " choose another path"
        )


def _require_clock(state: CertificateState) -> datetime | None:
    """Return the host's time to the second, or None in an image.

    Raises:
        BlockedError: the machine does not know it.
    """
    if state.is_image:
        return None
    if state.now is None or state.now.year not in _CLOCK_YEARS:
        found = "none" if state.now is None else f"the year {state.now.year}"
        raise BlockedError(f"days: expected a clock to tell the expiry by, found {found}; set this machine's time")
    return state.now.replace(microsecond=0)


def _reasons(spec: CertificateSpec, state: CertificateState) -> Iterator[str]:
    """Yield the fields for whose sake a new certificate is due."""
    key, pair, names = state.key, state.pair, names_of(spec)
    if key is None or pair is None:
        yield "state"
        if key is not None and spec.key_type not in (None, key.key_type):
            yield "key_type"
        return
    lasts, now, is_acme = timedelta(days=days_of(spec)), state.now, spec.issuer == "acme"
    differing = {
        "key_type": spec.key_type not in (None, key.key_type) or not key.is_usable,
        "key_path": pair.public != key.public,
        "common_name": not is_acme and pair.common_name.lower() != names[0],
        "sans": pair.names != frozenset(names) or pair.other_names,
        "issuer": pair.is_self_signed != (spec.issuer == "self-signed")
        or pair.issuer.startswith(SERVICE_CA) != (spec.issuer == "vigo")
        or not pair.for_servers,
        "renew_before": now is not None and pair.ends - now < _margin(spec, pair),
        "days": now is not None
        and not is_acme
        and (pair.begins > now + _BEHIND or pair.ends - now > lasts + _TOLERANCE),
    }
    yield from (name for name, is_differing in differing.items() if is_differing)


def _margin(spec: CertificateSpec, pair: FoundPair) -> timedelta:
    """Return how much before its end a certificate is renewed.

    What an authority signed is left alone for a third of its life whatever is declared: it signs only so often.
    """
    life = pair.ends - pair.begins if spec.issuer == "acme" else timedelta(days=days_of(spec))
    if spec.renew_before is None:
        return life / 3
    declared = timedelta(days=spec.renew_before)
    return min(declared, life * 2 / 3) if spec.issuer == "acme" else declared


def _due_key(spec: CertificateSpec, state: CertificateState) -> KeyType | None:
    """Return which key is to be made for a new certificate, or None where the one that is there is used.

    Raises:
        BlockedError: it is too weak to be used, and nothing says that it may be replaced.
    """
    key = state.key
    if key is None:
        return spec.key_type or _NEW_KEY_TYPE
    if spec.key_type not in (None, key.key_type):
        return spec.key_type
    if not key.is_usable:
        raise BlockedError(
            f"key_type: expected a key of ECDSA, Ed25519 or RSA with 2048 bits at {spec.key_path}, found"
            f" {key.key_type}; name a key_type to have it replaced"
        )
    if not spec.new_key:
        return None
    return next((one for one in _KEY_TYPES if one == key.key_type), _NEW_KEY_TYPE)


def _fields(changes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("key_mode" if name == "mode" else name for name in changes)
