"""What a resource of the kind `certificate` says."""

import re
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.names import check_path, shown
from vigo.catalog.formats.self_signed import KeyType
from vigo.catalog.formats.server_names import address_of, server_name
from vigo.core.errors import InvalidError

_DIRECTORY = re.compile(r"https://[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*(/[A-Za-z0-9._~%/?=&-]*)?")
_DAYS = 365
_DAYS_OF_VIGO = 90
MOST_DAYS_OF_VIGO = 397
"""What programs take at most of an authority. Source: CA/Browser Forum, Baseline Requirements 6.3.2."""
Days = Annotated[int, msgspec.Meta(ge=1, le=7300)]


class CertificateSpec(Spec, frozen=True, kw_only=True):
    """The certificate of a server and its private key, renewed before it expires."""

    path: Annotated[
        str, field("File of the certificate, in PEM.", example="/etc/ssl/certs/www.example.com.pem", is_path=True)
    ]
    key_path: Annotated[
        str, field("File of its private key, in PEM.", example="/etc/ssl/private/www.example.com.key", is_path=True)
    ]
    common_name: Annotated[
        str, field("The first name of the server: a host name or an address.", example="www.example.com")
    ]
    sans: Annotated[
        tuple[str, ...],
        field("Further host names and addresses; a leading *. stands for one label.", example=["example.com"]),
    ] = ()
    issuer: Annotated[
        Literal["self-signed", "acme", "vigo"],
        field(
            "Who signs it: its own key, an authority such as Let's Encrypt by ACME, or the service CA of this Vigo.",
            example="self-signed",
        ),
    ]
    directory_url: Annotated[
        str | None,
        field(
            "With acme: the authority's directory. Declaring it agrees to the authority's terms.",
            example="https://acme-v02.api.letsencrypt.org/directory",
        ),
    ] = None
    webroot: Annotated[
        str | None,
        field(
            "With acme: the folder that the web server of the names gives at port 80.",
            example="/var/www/html",
            is_path=True,
        ),
    ] = None
    ca_path: Annotated[
        str | None,
        field(
            "With acme: file of the authorities that vouch for the directory; else those of the machine.", is_path=True
        ),
    ] = None
    days: Annotated[
        Days | None,
        field("How long it is valid, in days from when it is made: 365 where left out, 90 with vigo. Not with acme."),
    ] = None
    renew_before: Annotated[
        Days | None, field("Make a new one once fewer days are left; a third of its life where left out.", example=30)
    ] = None
    key_type: Annotated[
        KeyType | None,
        field("Sort of the key. Left out: ecdsa-p256 for a new key, and any that is there stays.", example="rsa-3072"),
    ] = None
    new_key: Annotated[bool, field("Make a new key too whenever a certificate is made.")] = False
    key_mode: Annotated[Literal["0400", "0440", "0600", "0640"], field("Permission bits of the key.")] = "0600"
    owner: Annotated[str | None, field("Owner of both files, by name or number.", example="root")] = None
    group: Annotated[str | None, field("Group of both files, by name or number.", example="root")] = None
    state: Annotated[Literal["present", "absent"], field("With absent both files are removed.")] = "present"


def names_of(spec: CertificateSpec) -> tuple[str, ...]:
    """Return all names in one form, the common name first, none twice.

    Raises:
        InvalidError: one is neither a host name nor an address.
    """
    first = server_name("common_name", spec.common_name)
    return tuple(dict.fromkeys((first, *(server_name("sans", name) for name in spec.sans))))


def days_of(spec: CertificateSpec) -> int:
    """Return how many days a certificate lasts that is not an ACME authority's."""
    return spec.days or (_DAYS_OF_VIGO if spec.issuer == "vigo" else _DAYS)


def check_vigo(spec: CertificateSpec) -> None:
    """Accept what the server's service CA can be asked for.

    Raises:
        InvalidError: it shall last for too long.
    """
    if spec.issuer == "vigo" and spec.days is not None and spec.days > MOST_DAYS_OF_VIGO:
        raise InvalidError(
            f"days: expected at most {MOST_DAYS_OF_VIGO} beside issuer: vigo, found {spec.days}; it is renewed in time"
        )


def check_acme(spec: CertificateSpec) -> None:
    """Accept what an authority can be asked for over HTTP.

    Raises:
        InvalidError: a field is missing, or does not go together with ACME.
    """
    url = spec.directory_url or ""
    if not _DIRECTORY.fullmatch(url):
        raise InvalidError(
            f"directory_url: expected the https URL of an ACME directory without user and password, found {shown(url)}"
        )
    if spec.webroot is None:
        raise InvalidError("webroot: expected the folder of the web server beside issuer: acme, found none; add it")
    check_path("webroot", spec.webroot)
    if spec.ca_path is not None:
        check_path("ca_path", spec.ca_path)
    if spec.days is not None:
        raise InvalidError("days: expected none beside issuer: acme, whose authority decides that; remove it")
    if spec.key_type == "ed25519":
        raise InvalidError("key_type: expected ECDSA or RSA beside issuer: acme, found ed25519; authorities refuse it")
    for name in names_of(spec):
        if name.startswith("*.") or address_of(name) is not None:
            raise InvalidError(
                f"sans: expected host names without * beside issuer: acme, found {name}: no authority takes a file in"
                " webroot for it; leave it out"
            )
