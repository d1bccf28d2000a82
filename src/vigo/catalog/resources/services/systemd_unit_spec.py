"""The fields of the kind `systemd_unit`, and what values they accept."""

import re
from typing import Annotated, Literal

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.names import check_unit, shown
from vigo.catalog.formats.unit_files import install_settings, last_of, parse_settings, words_of
from vigo.catalog.formats.unit_properties import SUFFIXES
from vigo.catalog.protected import harmed_by
from vigo.core.errors import InvalidError

_DROPIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_REACHING = (
    ("Install", "Alias"),
    ("Install", "Also"),
    ("Install", "RequiredBy"),
    ("Unit", "Conflicts"),
    ("Unit", "PropagatesStopTo"),
)
_PREFIXES = "@-:+!|"
_QUOTES = str.maketrans("'\"", "  ")
_YES = frozenset({"1", "yes", "true", "on"})


class SystemdUnitSpec(Spec, frozen=True, kw_only=True):
    """A unit of systemd with its file, or a drop-in that adds to a unit of others."""

    unit: Annotated[str, field("Name of the unit with what it is behind the dot.", example="backup.service")]
    content: Annotated[
        str | None, field("What the file says.", example="[Service]\nExecStart=/usr/local/bin/backup\n")
    ] = None
    dropin: Annotated[
        str | None,
        field("Write content to UNIT.d/NAME.conf instead: it adds to the unit's own file.", example="10-limits"),
    ] = None
    enabled: Annotated[bool | None, field("Whether it starts at boot; left alone where left out.", example=True)] = None
    running: Annotated[bool | None, field("Whether it runs now; left alone where left out.", example=True)] = None
    verify: Annotated[
        bool, field("Whether systemd-analyze verify must accept content first, where that program is there.")
    ] = True
    state: Annotated[
        Literal["present", "absent"], field("An absent unit is stopped and disabled before its file is removed.")
    ] = "present"


def is_template(unit: str) -> bool:
    """Return whether a unit is a template, of which only instances run (`backup@.service`)."""
    return unit.partition("@")[2] in SUFFIXES


def unit_harms(spec: SystemdUnitSpec) -> tuple[str, ...]:
    """Return the units that it stops or disables, whose name it takes or that need it, and what its commands harm."""
    settings = parse_settings(spec.content or "")
    named = {name for section, key in _REACHING for name in words_of(settings, section, key)}
    if spec.dropin is None and (spec.state == "absent" or spec.running is False or spec.enabled is False):
        named.add(spec.unit)
    things = {f"service:{name.removesuffix('.service')}" for name in named}
    for setting in settings:
        if setting.key.startswith("Exec"):
            things.update(harmed_by((f" {setting.value.lstrip(_PREFIXES).translate(_QUOTES)}",)))
    return tuple(sorted(things))


def check_unit_fields(spec: SystemdUnitSpec) -> None:
    """Accept a unit's name, text, and fields that fit them.

    Raises:
        InvalidError: one does not fit, with what to do.
    """
    check_unit("unit", spec.unit)
    if not spec.unit.endswith(SUFFIXES) or spec.unit.startswith((".", "@")):
        raise InvalidError(
            f"unit: expected a name with what it is behind the dot ({', '.join(SUFFIXES)}), found {shown(spec.unit)};"
            " write it as systemctl lists it"
        )
    if spec.dropin is not None and not (_DROPIN.fullmatch(spec.dropin) and not spec.dropin.endswith(".conf")):
        raise InvalidError(
            f"dropin: expected a name of letters, digits, `_`, `.` and `-` without .conf, which is added, found"
            f" {shown(spec.dropin)}"
        )
    if spec.dropin is not None or is_template(spec.unit):
        _check_alone(spec)
    if spec.state == "absent":
        _check_absent(spec)
        return
    _check_content(spec)


def _check_alone(spec: SystemdUnitSpec) -> None:
    what = "a drop-in" if spec.dropin is not None else "a template, of which only instances run"
    for name in ("enabled", "running"):
        if getattr(spec, name) is not None:
            raise InvalidError(f"{name}: expected none beside {what}; declare it in a service resource of the unit")


def _check_absent(spec: SystemdUnitSpec) -> None:
    for name in ("content", "enabled", "running"):
        if getattr(spec, name) is not None:
            raise InvalidError(f"{name}: expected none for a unit that shall be absent; remove it, or the state")


def _check_content(spec: SystemdUnitSpec) -> None:
    text = spec.content or ""
    if not text.strip():
        raise InvalidError("content: expected what the unit's file says, found nothing; add it, or state: absent")
    if _CONTROL.search(text):
        raise InvalidError("content: expected lines of text, found control characters in them; remove them")
    settings = parse_settings(text)
    if not any(one.section for one in settings):
        raise InvalidError("content: expected sections such as [Service] with NAME=VALUE in them, found none; add one")
    if spec.enabled and not install_settings(settings):
        raise InvalidError(
            "enabled: expected an [Install] section in content that says what starts the unit, found none; add"
            " WantedBy=multi-user.target, or leave enabled out"
        )
    stays = last_of(settings, "Service", "RemainAfterExit").lower() in _YES
    if spec.running and last_of(settings, "Service", "Type") == "oneshot" and not stays:
        raise InvalidError(
            "running: expected a service that can stay running, found Type=oneshot in content, which does its work and"
            " ends; set RemainAfterExit=yes, or leave running out"
        )
