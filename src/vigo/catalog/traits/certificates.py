"""The trait set `certificates`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.certificates import certificate_blocks, is_bundle, parse_certificate

_FOLDERS = (
    "/etc/ssl",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/nginx",
    "/etc/nginx/ssl",
    "/etc/nginx/certs",
    "/etc/apache2/ssl",
    "/etc/httpd/ssl",
    "/etc/haproxy/certs",
    "/etc/postfix/ssl",
    "/etc/kubernetes/pki",
    "/etc/kubernetes/pki/etcd",
)
_ACME = "/etc/letsencrypt/live"
_ACME_LEAVES = ("cert.pem", "fullchain.pem")
_ENDINGS = (".pem", ".crt", ".cer", ".cert")
_TRUST = (
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/pki",
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/var/lib/ca-certificates",
)
"""Where distributions keep authorities that they trust; the folders above are full of links to them."""
_LARGEST_BYTES = 64 * 1024
_MOST, _MOST_LOOKED_AT = 200, 2000
_FOR_EVERYBODY = 0o004


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What the first certificate of a file says."""

    subject: Annotated[
        str, field("Whom it names, as RFC 4514 writes it, cut at 200 characters.", example="CN=web-1.example.com")
    ]
    names: Annotated[
        tuple[str, ...],
        field("Names, addresses and URIs that it is for (subjectAltName), sorted, at most 50."),
    ]
    issuer: Annotated[str, field("Who signed it, in the same form.", example="CN=R11,O=Let's Encrypt,C=US")]
    not_after: Annotated[str, field("Last day on which it is valid, in UTC; texts compare.", example="2027-01-31")]
    key_type: Annotated[str, field("rsa, ec, ed25519 or ed448; `?` for another.", example="ec")]
    key_bits: Annotated[int, field("Length of the key in bits; 0 for another type.", example=256)]
    authority: Annotated[bool, field("Whether it may sign others; many that sign themselves may.")]
    self_signed: Annotated[bool, field("Whether it names itself as its issuer.")]


class CertificatesTraits(TraitSet, frozen=True, kw_only=True):
    """Certificates in the folders where servers look for theirs. Private keys are not read, bundles are left out.

    A file that not everybody may read is not opened: keys are among them.
    """

    certificates: Annotated[dict[str, Certificate], field("Certificates by the path of their file, the first 200.")]
    count: Annotated[int, field("Number of all that were found.", example=2)]
    first_expiry: Annotated[
        str, field("The earliest last day among all that were found; empty without one.", example="2027-01-31")
    ]
    unknown: Annotated[
        tuple[str, ...],
        field("Files whose first certificate cannot be made out, sorted, at most 200."),
    ]


@collector("certificates", every=timedelta(hours=12), timeout=timedelta(seconds=15))
def collect_certificates(host: ReadHost) -> CertificatesTraits:
    """Report the certificates that servers use. Source: RFC 5280.

    Raises:
        UnavailableError: a folder or file is there and cannot be read.
    """
    found: dict[str, Certificate] = {}
    unknown: list[str] = []
    for path in dict.fromkeys(_files(host)):
        content = host.read_bytes(path)
        blocks = certificate_blocks(content or b"")
        one = None if not blocks or is_bundle(blocks) else parse_certificate(blocks[0])
        if one is not None:
            found[path] = Certificate(
                subject=one.subject,
                names=one.names,
                issuer=one.issuer,
                not_after=one.not_after,
                key_type=one.key_type,
                key_bits=one.key_bits,
                authority=one.is_authority,
                self_signed=one.is_self_signed,
            )
        elif blocks and not is_bundle(blocks):
            unknown.append(path)
    return CertificatesTraits(
        certificates=dict(sorted(found.items())[:_MOST]),
        count=len(found),
        first_expiry=min((one.not_after for one in found.values()), default=""),
        unknown=tuple(sorted(unknown)[:_MOST]),
    )


def _files(host: ReadHost) -> Iterator[str]:
    for folder in _FOLDERS:
        if _leads_to_trust(host, folder) or (host.read_link(folder) is not None and _target(host, folder) in _FOLDERS):
            continue
        names = [name for name in host.list_directory(folder) or () if name.endswith(_ENDINGS)]
        yield from (path for name in names[:_MOST_LOOKED_AT] if _is_readable(host, path := f"{folder}/{name}"))
    for name in (host.list_directory(_ACME) or ())[:_MOST_LOOKED_AT]:
        paths = (f"{_ACME}/{name}/{leaf}" for leaf in _ACME_LEAVES)
        yield from [path for path in paths if _is_readable(host, path)][:1]


def _is_readable(host: ReadHost, path: str) -> bool:
    """Return whether a path is a file of sensible size that everybody may read, or a link to one beyond the trust."""
    seen = host.stat(path)
    for _ in range(5):
        if seen is None or seen.kind != "symlink" or _leads_to_trust(host, path):
            break
        path = _target(host, path)
        seen = host.stat(path)
    return (
        seen is not None
        and seen.kind == "file"
        and seen.size_bytes <= _LARGEST_BYTES
        and bool(seen.mode & _FOR_EVERYBODY)
    )


def _leads_to_trust(host: ReadHost, path: str) -> bool:
    """Return whether a path is a link to an authority that the distribution trusts, or to a name that is told too."""
    link = host.read_link(path)
    if link is None:
        return False
    is_beside = "/" not in link and link.endswith(_ENDINGS)
    return is_beside or _target(host, path).startswith(_TRUST)


def _target(host: ReadHost, path: str) -> str:
    """Return where a link leads, from the root, without looking at links on the way."""
    parts: list[str] = []
    link = host.read_link(path) or ""
    for part in (link if link.startswith("/") else f"{path.rpartition('/')[0]}/{link}").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
