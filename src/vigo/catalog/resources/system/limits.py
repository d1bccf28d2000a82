"""The kind `limits`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, SetMode, WriteFile
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import BlockedError, InvalidError

_SETTINGS = "/etc/security"
_FOLDER = f"{_SETTINGS}/limits.d"
_MODE = 0o644
_HEADER = "# Vigo keeps this file; changes made here are taken back.\n"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ACCOUNT = r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?"
_IDS = r"(?:[0-9]{1,10}(?::[0-9]{0,10})?|:[0-9]{1,10})"
_DOMAIN = re.compile(rf"\*|[@%]?{_ACCOUNT}|%|[@%]?{_IDS}")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_WITHOUT_LIMIT = frozenset({"unlimited", "infinity", "-1"})
_LOWEST_NICE, _HIGHEST_NICE = -20, 19

Item = Literal[
    "core",
    "data",
    "fsize",
    "memlock",
    "nofile",
    "rss",
    "stack",
    "cpu",
    "nproc",
    "as",
    "maxlogins",
    "maxsyslogins",
    "nonewprivs",
    "priority",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
]


class LimitsSpec(Spec, frozen=True, kw_only=True):
    """A limit of PAM for users' sessions, in a file of its own below /etc/security/limits.d."""

    limits: Annotated[str, field("Name of the limit's file: letters, digits, `_`, `-`.", example="web-files")]
    domain: Annotated[
        str | None,
        field("Whom it concerns: a user, `@group`, `*` for all but root, or ids as `1000:`.", example="@web"),
    ] = None
    limit_type: Annotated[
        Literal["-", "soft", "hard"],
        field("Which limit: the hard one, which only root may raise, the soft one, or `-` for both.", example="soft"),
    ] = "-"
    item: Annotated[Item | None, field("What is limited; its unit is that of limits.conf(5).", example="nofile")] = None
    value: Annotated[str | None, field("The limit: a number, or `unlimited`.", example="65536")] = None
    state: Annotated[Literal["present", "absent"], field("Whether the limit shall be there.")] = "present"


class LimitsState(msgspec.Struct, frozen=True, kw_only=True):
    """The limit's file and the folders that it stands in."""

    has_pam: bool
    has_folder: bool
    stat: FileStat | None
    text: str | None


class Limits(RevertiblePath[LimitsSpec], Resource[LimitsSpec, LimitsState]):
    """A limit holds for sessions that begin after it is set; services of systemd have their own (LimitNOFILE=)."""

    kind, since, spec = "limits", "0.1", LimitsSpec
    name_field = "limits"

    def validate(self, spec: LimitsSpec) -> None:
        """Accept what pam_limits reads. Source: limits.conf(5)."""
        if not _NAME.fullmatch(spec.limits):
            raise InvalidError(f"limits: expected a name of letters, digits, `_` and `-`, found {shown(spec.limits)}")
        if spec.state == "absent":
            return
        if spec.domain is None or not _DOMAIN.fullmatch(spec.domain):
            raise InvalidError(
                "domain: expected a user, @group, `*`, or ids such as 1000:, found"
                f" {'nothing' if spec.domain is None else shown(spec.domain)}; name whom it concerns"
            )
        if spec.item is None:
            raise InvalidError("item: expected what is limited, say nofile, found nothing; add it")
        _check_value(spec.item, spec.value)

    def observe(self, spec: LimitsSpec, host: ReadHost) -> LimitsState:
        """Return the limit's file."""
        stat = host.stat(_path(spec))
        return LimitsState(
            has_pam=host.stat(_SETTINGS) is not None,
            has_folder=host.stat(_FOLDER) is not None,
            stat=stat,
            text=host.read_text(_path(spec)) if stat is not None and stat.kind == "file" else None,
        )

    def plan(self, spec: LimitsSpec, state: LimitsState) -> Iterator[Op]:
        """Yield the limit's file, or its removal."""
        path, stat = _path(spec), state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            raise InvalidError(f"limits: expected a file at {path} or nothing, found a {stat.kind}; remove it")
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=path)
            return
        if not state.has_pam:
            raise BlockedError(
                f"limits: expected {_SETTINGS}, where PAM has its settings, found none; install PAM (linux-pam)"
            )
        text = _text(spec)
        if state.text != text:
            if not state.has_folder:
                yield MakeDirectory(path=_FOLDER)
            yield WriteFile(path=path, content=text.encode(), mode=_MODE, changes=_changed_fields(state.text, spec))
        elif stat is not None and stat.mode != _MODE:
            yield SetMode(path=path, mode=_MODE, changes=("state",))

    def owns(self, spec: LimitsSpec) -> tuple[str, ...]:
        """Return the file, and the limits in it, each of which has one value."""
        types = ("soft", "hard") if spec.limit_type == "-" else (spec.limit_type,)
        found = [f"limit:{spec.domain}/{one}/{spec.item}" for one in types] if spec.state == "present" else []
        return f"path:{_path(spec)}", *found

    def footprints(self, spec: LimitsSpec) -> Mapping[str, EntryFootprint]:
        """Return the limit's file, all of it."""
        owned = f"path:{_path(spec)}"
        makes: Literal["file"] | None = "file" if spec.state == "present" else None
        return {owned: EntryFootprint(owns=(owned,), path=_path(spec), makes=makes, content=True, mode=True)}


def _path(spec: LimitsSpec) -> str:
    return f"{_FOLDER}/90-vigo-{spec.limits}.conf"


def _text(spec: LimitsSpec) -> str:
    return f"{_HEADER}{spec.domain} {spec.limit_type} {spec.item} {spec.value}\n"


def _changed_fields(before: str | None, spec: LimitsSpec) -> tuple[str, ...]:
    words = [] if before is None else before.split("\n")[1:2][:1]
    was = words[0].split(" ") if words else []
    names = ("domain", "limit_type", "item", "value")
    if len(was) != len(names):
        return ("state",)
    shall = (spec.domain, spec.limit_type, spec.item, spec.value)
    return tuple(name for name, old, new in zip(names, was, shall, strict=True) if old != new) or ("state",)


def _check_value(item: str, value: str | None) -> None:
    if value in _WITHOUT_LIMIT and item not in ("nice", "priority", "nonewprivs"):
        return
    number = int(value) if value is not None and _NUMBER.fullmatch(value) else None
    if item in ("nice", "priority"):
        fits = number is not None and _LOWEST_NICE <= number <= _HIGHEST_NICE
        wanted = "a number from -20 to 19"
    elif item == "nonewprivs":
        fits, wanted = number in (0, 1), "0 or 1"
    else:
        fits, wanted = number is not None and number >= 0, "a number, or unlimited"
    if not fits:
        found = "nothing" if value is None else shown(value)
        raise InvalidError(f"value: expected {wanted} for {item}, found {found}; correct it")
