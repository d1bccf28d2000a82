"""The file in which a distribution keeps the locale. Source: locale.conf(5), update-locale(8), profile(5)."""

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.os_release import family_of, parse_os_release
from vigo.catalog.formats.shell_assignments import assigned_value, with_value
from vigo.catalog.paths import real_path
from vigo.core.errors import InvalidError

_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
_SYSTEMD = "/etc/locale.conf"
_DEBIAN = "/etc/default/locale"
# Before Alpine's own 20locale.sh, which keeps a LANG that is set.
_ALPINE = "/etc/profile.d/10-vigo-locale.sh"


class LocaleFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it is, None for none, and as it shall be; `family` is the distribution's."""

    path: str
    found: str | None
    wanted: str
    family: str


def locale_file(host: ReadHost, locale: str) -> LocaleFile:
    """Return the host's file with the locale in it.

    Raises:
        InvalidError: something else than a file is there.
        UnavailableError: it cannot be read.
    """
    family = _family(host)
    # On newer Debians the one is a symlink to the other.
    path = real_path(host, {"debian": _DEBIAN, "alpine": _ALPINE}.get(family, _SYSTEMD))
    stat = host.stat(path)
    if stat is not None and stat.kind != "file":
        raise InvalidError(f"locale: expected a file at {path} or nothing, found a {stat.kind}; remove it")
    content = host.read_bytes(path)
    found = None if content is None else content.decode(errors="surrogateescape")
    if family == "alpine":
        return LocaleFile(path=path, found=found, wanted=f"export LANG={locale}\n", family=family)
    text = found or ""
    wanted = text if assigned_value(text, "LANG") == locale else with_value(text, "LANG", locale)
    return LocaleFile(path=path, found=found, wanted=wanted, family=family)


def _family(host: ReadHost) -> str:
    for path in _OS_RELEASE:
        text = host.read_text(path)
        if text is not None:
            return family_of(parse_os_release(text))
    return "debian" if host.stat("/etc/debian_version") is not None else "linux"
