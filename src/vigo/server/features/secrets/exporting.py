"""All secrets in one file, for the day on which the server is gone: encrypted to keys that it does not have."""

from typing import Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.server.features.secrets.models import NewExport
from vigo.server.features.secrets.service import SecretService
from vigo.server.platform.audit.trail import Act
from vigo.server.platform.auth.actor import Actor

_MOST_RECIPIENTS: Final = 50


async def exported(service: SecretService, actor: Actor, wanted: NewExport) -> bytes:
    """Return all secrets as JSON, a map of their fields by path, encrypted with age to some recipients.

    Source: age-encryption.org/v1.

    Raises:
        InvalidError: there is no recipient, or one that is none.
    """
    from pyrage import RecipientError, encrypt, ssh, x25519  # noqa: PLC0415 - few ever export

    if not 0 < len(wanted.recipients) <= _MOST_RECIPIENTS:
        raise InvalidError(f"expected 1 to {_MOST_RECIPIENTS} age recipients, found {len(wanted.recipients)}")
    recipients = []
    for text in wanted.recipients:
        kind = ssh if text.startswith("ssh-") else x25519
        try:
            recipients.append(kind.Recipient.from_str(text.strip()))
        except RecipientError as error:
            raise InvalidError(
                f"expected an age recipient such as age1..., or an SSH public key, found {text[:40]!r}: {error};"
                " `age-keygen` makes a key and prints its recipient"
            ) from error
    act = Act(
        actor=actor.name, action="secrets.export", subject="all secrets", detail={"recipients": wanted.recipients}
    )
    contents = await service.contents(actor, act)
    document = msgspec.json.format(msgspec.json.encode(contents, order="sorted"), indent=2)
    return bytes(encrypt(document, recipients))
