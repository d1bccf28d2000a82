"""The making of keys and certificates on a fake host, with real ones, and an authority that signs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vigo.catalog.formats.self_signed import new_key, self_signed, signing_request
from vigo.catalog.host_clock import host_time
from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.ops.issue_certificate import IssueCertificate
from vigo.catalog.ops.key_pair import KeyPairOp
from vigo.catalog.ops.obtain_certificate import ObtainCertificate
from vigo.catalog.ops.request_certificate import RequestCertificate
from vigo.catalog.resources.security.certificate import SERVICE_CA
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeCertificates(FakeTool):
    """What is made depends on the operation and on the files of the host; an authority signs for so many `days`."""

    name: ClassVar[str] = "certificates"
    ops: ClassVar[tuple[type[Op], ...]] = (IssueCertificate, ObtainCertificate, RequestCertificate)

    def __init__(self, days: int = 90) -> None:
        self._life = timedelta(days=days)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Put a certificate, and where it is wanted a new key, in their places."""
        if not isinstance(op, KeyPairOp):
            return
        key = new_key(op.key_type) if op.key_type else host.read_bytes(op.key_path) or b""
        if isinstance(op, IssueCertificate):
            made = self_signed(key, op.names, op.begins, op.ends)
        else:
            made = self._signed(op, key, host)
        if op.key_type:
            _write(WriteFile(path=op.key_path, content=key, mode=op.key_mode, uid=op.uid, gid=op.gid), host)
        _write(WriteFile(path=op.path, content=made, uid=op.uid, gid=op.gid), host)

    def _signed(self, op: KeyPairOp, key: bytes, host: FakeHost) -> bytes:
        now = host_time(host)
        if now is None:
            raise TypeError("expected a host with a clock")
        life = timedelta(days=op.days) if isinstance(op, RequestCertificate) else self._life
        by = f"{SERVICE_CA} of a test" if isinstance(op, RequestCertificate) else "Authority"
        return signed_by_authority(key, op.names, now.replace(microsecond=0), life, by)


def signed_by_authority(
    key: bytes, names: Sequence[str], begins: datetime, life: timedelta, by: str = "Authority"
) -> bytes:
    """Return a certificate for a key and names that an authority made for this one signed, as PEM."""
    request = x509.load_pem_x509_csr(signing_request(key, names))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, by)]))
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + life)
    )
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def _write(op: WriteFile, host: FakeHost) -> None:
    host.tree.apply(op, lambda _: True)
