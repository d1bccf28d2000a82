"""Orders: what a server asks one envoy to do at once, signed with the policy key, so that no relay can make one up."""

from typing import TypeVar

import msgspec

from vigo.core.encoding import decode, encode
from vigo.core.errors import UnauthenticatedError
from vigo.core.signing import Signer, VerifyKey, framed

OrderT = TypeVar("OrderT", bound=msgspec.Struct)


class SignedOrder(msgspec.Struct, frozen=True):
    """An order as it travels: its encoding, and the policy key's signature over that."""

    content: bytes
    signature: bytes


def sign(order: msgspec.Struct, context: bytes, key: Signer) -> SignedOrder:
    """Return an order signed for what its context says."""
    content = encode(order)
    return SignedOrder(content, key.sign(framed(context, content)))


def opened(signed: SignedOrder, context: bytes, as_type: type[OrderT], keys: tuple[VerifyKey, ...]) -> OrderT:
    """Return the order that one of the keys signed. Whom it is for, and whether it came in time, the caller judges.

    Raises:
        UnauthenticatedError: none of them did.
        DamagedError: what was signed is no such order.
    """
    message = framed(context, signed.content)
    for key in keys:
        try:
            key.verify(message, signed.signature)
        except UnauthenticatedError:
            continue
        return decode(signed.content, as_type)
    raise UnauthenticatedError(
        "expected an order signed with a pinned policy key, found another signature; it is not carried out"
    )
