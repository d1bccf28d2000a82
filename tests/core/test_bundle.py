from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from vigo.core import bundle as bundles
from vigo.core.bundle import SignedBundle, open_bundle, seal
from vigo.core.encoding import digest, encode
from vigo.core.errors import DamagedError, InvalidError, UnauthenticatedError, VigoError
from vigo.core.ids import Digest, GenerationNumber, ResourceId
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.signing import SigningKey, VerifyKey

KEY = SigningKey(bytes(32))
PINNED = (VerifyKey(KEY.public),)
ORIGIN = Origin("a.vgo", 1)
EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)
FIELDS = st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.text(max_size=9) | st.lists(st.booleans()))


def plan(**fields: Any) -> Plan:
    resource = PlannedResource(id=ResourceId("web/conf"), type="file", origin=ORIGIN, fields=fields)
    return Plan(entry=ORIGIN, match=("web-*",), resources=(resource,))


def sealed(of: Plan, generation: int = 1, not_after: datetime = EXPIRY) -> SignedBundle:
    return seal(of, GenerationNumber(generation), not_after, KEY)


def signed_anew(compressed: bytes, plan_digest: Digest) -> SignedBundle:
    """Return a bundle of the genuine key over any content, as a faulty server would make it."""
    message = bundles._message(plan_digest, 1, EXPIRY, compressed)
    return SignedBundle(
        digest=plan_digest,
        generation=GenerationNumber(1),
        not_after=EXPIRY,
        compressed_plan=compressed,
        signature=KEY.sign(message),
    )


@given(FIELDS, st.integers(0, 2**63))
def test_a_sealed_plan_is_opened_with_the_pinned_key(fields: dict[str, Any], generation: int) -> None:
    of = plan(**{f"f{index}": value for index, value in enumerate(fields.items())})
    opened = open_bundle(sealed(of, generation), PINNED)
    assert encode(opened) == encode(of)


def test_any_of_the_pinned_keys_will_do_and_none_will_not() -> None:
    other = VerifyKey(SigningKey.generate().public)
    assert open_bundle(sealed(plan()), (other, *PINNED)) == plan()
    for keys in ((other,), ()):
        with pytest.raises(UnauthenticatedError, match="pinned policy key"):
            open_bundle(sealed(plan()), keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": 2},
        {"not_after": EXPIRY + timedelta(seconds=1)},
        {"not_after": datetime(1960, 1, 1, tzinfo=UTC)},
        {"digest": Digest("0" * 64)},
        {"signature": b""},
        {"compressed_plan": b""},
    ],
    ids=str,
)
def test_a_changed_field_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        open_bundle(msgspec.structs.replace(sealed(plan()), **changes), PINNED)


@given(st.data())
def test_a_flipped_bit_or_a_cut_is_refused(data: st.DataObject) -> None:
    good = sealed(plan(content="x" * 50))
    content = bytearray(good.compressed_plan)
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:place]
    else:
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(UnauthenticatedError):
        open_bundle(msgspec.structs.replace(good, compressed_plan=bytes(content)), PINNED)


def test_parts_of_two_genuine_bundles_do_not_fit_together() -> None:
    one, two = sealed(plan(a=1)), sealed(plan(a=2))
    mixed = msgspec.structs.replace(one, compressed_plan=two.compressed_plan, digest=two.digest)
    with pytest.raises(UnauthenticatedError):
        open_bundle(mixed, PINNED)


@given(st.binary())
def test_signed_content_that_is_no_plan_is_damaged(content: bytes) -> None:
    with pytest.raises(VigoError):
        open_bundle(signed_anew(content, digest(content)), PINNED)
    with pytest.raises(DamagedError):
        open_bundle(signed_anew(zstandard.compress(content), digest(content)), PINNED)


def test_a_digest_of_other_content_is_damaged() -> None:
    with pytest.raises(DamagedError, match="match its digest"):
        open_bundle(signed_anew(zstandard.compress(encode(plan())), digest(b"other")), PINNED)


def test_a_plan_that_would_take_too_much_memory_is_not_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_PLAN_BYTES", 1000)
    large, unknown = bytes(1001), zstandard.ZstdCompressor(write_content_size=False).compress(encode(plan()))
    for content in (zstandard.compress(large), unknown):
        with pytest.raises(DamagedError, match="at most 1000 bytes"):
            open_bundle(signed_anew(content, digest(large)), PINNED)


def test_a_format_that_is_not_known_says_to_update() -> None:
    newer = msgspec.structs.replace(plan(), format=3)
    with pytest.raises(InvalidError, match="expected a bundle of format 1 or 2, found 3; update the agent"):
        open_bundle(sealed(newer), PINNED)


def test_the_digest_follows_the_plan_and_not_the_generation() -> None:
    assert sealed(plan(a=1), 1).digest == sealed(plan(a=1), 2, EXPIRY + timedelta(days=1)).digest
    assert sealed(plan(a=1)).digest != sealed(plan(a=2)).digest


def test_equal_plans_are_sealed_into_equal_bytes() -> None:
    assert sealed(plan(a=1, b=2)) == sealed(plan(a=1, b=2))


def test_the_same_moment_in_another_zone_is_the_same_bundle() -> None:
    elsewhere = EXPIRY.astimezone(timezone(timedelta(hours=5)))
    assert open_bundle(msgspec.structs.replace(sealed(plan()), not_after=elsewhere), PINNED) == plan()


def test_maps_keep_the_order_in_which_they_were_written() -> None:
    """A template that goes through one yields the same on the machine as where the stacks were compiled."""
    opened = open_bundle(sealed(plan(b={"z": 1, "a": 2}, a=0)), PINNED)
    assert list(opened.resources[0].fields["b"]) == ["z", "a"]
    assert sealed(plan(b={"z": 1, "a": 2})).digest != sealed(plan(b={"a": 2, "z": 1})).digest
