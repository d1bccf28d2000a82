from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from vigo.agent.link.acceptance import accepted
from vigo.core.bundle import SignedBundle, seal
from vigo.core.errors import BlockedError, ConflictError, DamagedError, UnauthenticatedError
from vigo.core.ids import GenerationNumber
from vigo.core.plan import Origin, Plan
from vigo.core.signing import SigningKey, VerifyKey
from vigo.testing.clock import START

KEY = SigningKey(bytes(32))
PLAN = Plan(entry=Origin("envoys.vgo", 1), match=("web-*", "~^edge[0-9]+$"))


def sealed(generation: int = 5, key: SigningKey = KEY) -> SignedBundle:
    return seal(PLAN, GenerationNumber(generation), START + timedelta(days=30), key)


def judged(bundle: SignedBundle, **changes: Any) -> Plan:
    given = {"keys": [VerifyKey(KEY.public)], "hostname": "web-1", "now": START, "highest_generation": 5}
    return accepted(bundle, **{**given, **changes})


def test_a_genuine_bundle_for_this_host_is_accepted() -> None:
    assert judged(sealed()) == PLAN
    assert judged(sealed(), hostname="EDGE7.") == PLAN
    assert judged(sealed(6)) == PLAN


def test_one_of_several_pinned_keys_is_enough() -> None:
    other = VerifyKey(SigningKey.generate().public)
    assert judged(sealed(), keys=[other, VerifyKey(KEY.public)]) == PLAN


@pytest.mark.parametrize(
    "change",
    [
        lambda _bundle: sealed(key=SigningKey.generate()),
        lambda bundle: msgspec.structs.replace(bundle, generation=GenerationNumber(9)),
        lambda bundle: msgspec.structs.replace(bundle, not_after=bundle.not_after + timedelta(days=1)),
        lambda bundle: msgspec.structs.replace(bundle, compressed_plan=bundle.compressed_plan[:-1]),
        lambda bundle: msgspec.structs.replace(bundle, digest=sealed(1).digest[::-1]),
    ],
    ids=["other key", "generation", "expiry", "cut", "digest"],
)
def test_what_was_changed_after_signing_is_refused(change: Callable[[SignedBundle], SignedBundle]) -> None:
    with pytest.raises((UnauthenticatedError, DamagedError)):
        judged(change(sealed()))


def test_an_older_generation_is_refused() -> None:
    with pytest.raises(ConflictError, match="generation 5 or later, found 4"):
        judged(sealed(4))


def test_another_hosts_bundle_is_refused() -> None:
    with pytest.raises(UnauthenticatedError, match="for db-1"):
        judged(sealed(), hostname="db-1")


def test_an_expired_bundle_is_refused_with_what_the_clock_says() -> None:
    with pytest.raises(BlockedError, match="2030-02-05"):
        judged(sealed(), now=START + timedelta(days=35))
