"""The trait set `apparmor`."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.apparmor_profiles import parse_apparmor_profiles

_ENABLED = "/sys/module/apparmor/parameters/enabled"
_PROFILES = "/sys/kernel/security/apparmor/profiles"
_MOST = 300


class ApparmorTraits(TraitSet, frozen=True, kw_only=True):
    """What AppArmor confines. Of an image nothing is known: profiles live in the kernel."""

    enabled: Annotated[bool, field("Whether the running kernel has it switched on.")]
    told: Annotated[bool, field("Whether the kernel's list could be looked at; it is not mounted in most containers.")]
    profiles: Annotated[
        dict[str, tuple[str, ...]],
        field(
            "Names of the loaded profiles by mode (enforce, complain, kill, prompt, unconfined), sorted, at most 300"
            " of each.",
            example={"enforce": ["/usr/sbin/ntpd"]},
        ),
    ]
    counts: Annotated[dict[str, int], field("Number of the loaded profiles by mode.", example={"enforce": 42})]


@collector("apparmor", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_apparmor(host: ReadHost) -> ApparmorTraits:
    """Report the profiles. Source: apparmor(7).

    Raises:
        UnavailableError: the list is there and cannot be read, as by an agent that is not root.
    """
    enabled = not host.is_image() and (host.read_text(_ENABLED) or "").strip() == "Y"
    text = host.read_text(_PROFILES) if enabled else None
    found = parse_apparmor_profiles(text or "")
    counts = dict(sorted(Counter(found.values()).items()))
    return ApparmorTraits(
        enabled=enabled,
        told=text is not None,
        profiles={mode: _names(found, mode) for mode in counts},
        counts=counts,
    )


def _names(profiles: dict[str, str], mode: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, its_mode in profiles.items() if its_mode == mode)[:_MOST])
