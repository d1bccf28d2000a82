"""The fields of the kind `repository`, and what they may be."""

import re
from typing import Annotated, Literal

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.names import check_one_line, shown
from vigo.catalog.formats.openpgp import normalised_fingerprint
from vigo.catalog.formats.repository_keys import prints_of, require_known
from vigo.catalog.ops.fetch_key import KeyForm
from vigo.core.errors import InvalidError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_URI = re.compile(r"[a-z][a-z0-9+.-]{0,30}:/[^\s\x00-\x1f\x7f\"'\\<>\[\]]{1,2000}|/[^\s\x00-\x1f\x7f]{1,2000}")
_KEY_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[!-~]{0,2000}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~/:$(){}-]{0,127}|\./?")
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}\.rsa\.pub")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
_PGP, _PEM = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----BEGIN PUBLIC KEY-----"


class RepositorySpec(Spec, frozen=True, kw_only=True):
    """A source of packages for the host's own package tool."""

    repository: Annotated[str, field("Name of its file: letters, digits, `_`, `-`.", example="postgresql")]
    uri: Annotated[str | None, field("Where it is.", example="https://apt.postgresql.org/pub/repos/apt")] = None
    suites: Annotated[
        tuple[str, ...],
        field("Suites, for apt alone; one that ends with `/` has no components.", example=["bookworm-pgdg"]),
    ] = ()
    components: Annotated[tuple[str, ...], field("Components of the suites, for apt alone.", example=["main"])] = ()
    architectures: Annotated[
        tuple[str, ...], field("Architectures, for apt alone; the host's own where left out.", example=["amd64"])
    ] = ()
    key: Annotated[str | None, field("Public key that signs it, in ASCII armour; for apk in PEM.")] = None
    key_url: Annotated[
        str | None,
        field(
            "Where the key is fetched from; needs key_fingerprint.",
            example="https://www.postgresql.org/media/keys/ACCC4CF8.asc",
        ),
    ] = None
    key_fingerprint: Annotated[
        str | tuple[str, ...] | None,
        field(
            "Fingerprint that the key must have, or several where the file has several keys; for apk its SHA-256.",
            example="B97B 0AFC AA1A 47F0 44F2 44A0 7FCC 7D46 ACCC 4CF8",
        ),
    ] = None
    key_name: Annotated[
        str | None, field("For apk: name of the key's file, as the index's signature has it; ends with .rsa.pub.")
    ] = None
    enabled: Annotated[bool, field("Whether packages are taken from it.")] = True
    trusted: Annotated[bool, field("Take packages from it though nothing signs them. For a local one.")] = False
    format: Annotated[Literal["deb822", "list"], field("Format of apt's file: `.sources` or `.list`.")] = "deb822"
    state: Annotated[Literal["present", "absent"], field("Whether the repository shall be there.")] = "present"


def check_repository(spec: RepositorySpec) -> None:
    """Accept fields that fit together, and a key with the fingerprint that is declared.

    Raises:
        InvalidError: with the field, what was found and what to do.
    """
    if not _NAME.fullmatch(spec.repository):
        raise InvalidError(
            f"repository: expected a name of letters, digits, `_` and `-`, found {shown(spec.repository)}"
        )
    if spec.state == "absent":
        return
    if spec.uri is None or not _URI.fullmatch(spec.uri):
        raise InvalidError(f"uri: expected a URI such as https://example.org/debian, found {shown(spec.uri or '')}")
    for name in ("suites", "components", "architectures"):
        for word in getattr(spec, name):
            if not _WORD.fullmatch(word):
                raise InvalidError(f"{name}: expected words such as bookworm or main, found {shown(word)}")
    if spec.key_name is not None and not _KEY_NAME.fullmatch(spec.key_name):
        raise InvalidError(f"key_name: expected a name that ends with .rsa.pub, found {shown(spec.key_name)}")
    _check_key(spec)


def known_fingerprints(spec: RepositorySpec) -> tuple[str, ...]:
    """Return the fingerprints in capital digits without blanks."""
    given = spec.key_fingerprint
    texts = () if given is None else (given,) if isinstance(given, str) else given
    return tuple(dict.fromkeys(normalised_fingerprint(text) for text in texts))


def _check_key(spec: RepositorySpec) -> None:
    known = known_fingerprints(spec)
    for fingerprint in known:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise InvalidError(f"key_fingerprint: expected 40 or 64 hexadecimal digits, found {shown(fingerprint)}")
    if spec.key is not None and spec.key_url is not None:
        raise InvalidError("expected one of key and key_url, found both; keep one")
    if spec.trusted and (spec.key is not None or spec.key_url is not None):
        raise InvalidError("trusted: expected no key beside it, since nothing would be checked with it; remove one")
    if spec.key_url is not None:
        check_one_line("key_url", spec.key_url)
        if not _KEY_URL.fullmatch(spec.key_url):
            raise InvalidError(
                f"key_url: expected https://HOST/PATH without a user and password, found {shown(spec.key_url)}"
            )
        if not known:
            raise InvalidError("key_fingerprint: expected it beside key_url, found none; ask the key's owner for it")
    elif spec.key is None and known:
        raise InvalidError("key_fingerprint: expected key or key_url beside it, found neither; add one")
    if spec.key is not None:
        _check_key_itself(spec.key, known)


def _check_key_itself(text: str, known: tuple[str, ...]) -> None:
    form: KeyForm = "as it is" if _PEM in text else "binary"
    if _PGP not in text and _PEM not in text:
        raise InvalidError("key: expected a public key in ASCII armour or PEM, found another text; export it anew")
    key = text.encode(errors="replace")
    try:
        found = prints_of(key, form)
    except InvalidError as error:
        raise InvalidError(f"key: {error}") from error
    require_known(key, known or found, form)
