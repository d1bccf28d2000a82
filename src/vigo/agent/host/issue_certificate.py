"""The executor of `IssueCertificate`."""

from vigo.agent.host.key_pair_files import key_for, place_pair
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.self_signed import self_signed
from vigo.catalog.ops.issue_certificate import IssueCertificate


def issue_certificate(op: IssueCertificate, host: RealHost) -> None:
    """Make the certificate, and a new key for it where one is wanted; both are whole before either takes its place.

    Raises:
        OSError: the kernel refuses a step.
        BlockedError: this is an image, whose key every machine made from it would share.
        InvalidError: the key that is there cannot sign, or both paths lead to one place.
        UnavailableError: something else is in the way, or may not be replaced.
    """
    key = key_for(op, host)
    place_pair(op, host, key, self_signed(key, op.names, op.begins, op.ends))
