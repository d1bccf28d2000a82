"""The kind `locale`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.locale_names import ALWAYS_THERE, charset_of, is_locale, normal_locale, with_generated
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import Op, Run, WriteFile
from vigo.catalog.resources.system.locale_file import locale_file
from vigo.catalog.resources.system.settings_file import SettingsFile, other_settings
from vigo.core.errors import BlockedError, InvalidError

LONGEST = timedelta(minutes=30)
"""How long generating may take on a slow machine whose list is long."""

_LIST = "/etc/locale.gen"
_SUPPORTED = "/usr/share/i18n/SUPPORTED"
_COMPILED = "/usr/lib/locale"
_ELSEWHERE = (SettingsFile("/etc/sysconfig/i18n", "LANG"), SettingsFile("/etc/sysconfig/language", "RC_LANG"))
_CHANGES = ("locale",)
_PACKAGES = {
    "debian": "the package locales",
    "redhat": "the package glibc-langpack-LANGUAGE",
    "suse": "the package glibc-locale",
    "arch": "the package glibc",
}


class LocaleSpec(Spec, frozen=True, kw_only=True):
    """The language and character set of the machine: LANG of what logs in and of services."""

    locale: Annotated[str, field("Name of the locale, as `locale -a` or locale.gen has it.", example="de_DE.UTF-8")]


class LocaleState(msgspec.Struct, frozen=True, kw_only=True):
    """The file that says the locale, as it is and shall be, and whether the locale can be used."""

    path: str
    found: str | None
    wanted: str
    family: str
    is_usable: bool
    generating: str | None
    """The list of what is generated, as it shall be; None where this host generates none."""
    is_listed: bool
    charset: str | None
    is_image: bool
    elsewhere: tuple[WriteFile, ...]


class Locale(Resource[LocaleSpec, LocaleState]):
    """LANG in /etc/default/locale (Debian), in a file in /etc/profile.d (Alpine), elsewhere in /etc/locale.conf.

    On Debian and Arch a locale that is not there is added to /etc/locale.gen and generated; elsewhere it comes in a
    package, which is named. What runs already keeps its language until it is started again.
    """

    kind, since, spec = "locale", "0.1", LocaleSpec

    def validate(self, spec: LocaleSpec) -> None:
        """Accept the name of a locale."""
        if not is_locale(spec.locale):
            raise InvalidError(
                f"locale: expected a name such as de_DE.UTF-8 or C.UTF-8, found {shown(spec.locale)};"
                " `locale -a` lists those that are there"
            )

    def observe(self, spec: LocaleSpec, host: ReadHost) -> LocaleState:
        """Return what the files say, and whether the locale is there to be used."""
        file = locale_file(host, spec.locale)
        supported = host.read_text(_SUPPORTED)
        charset = _assumed_charset(spec.locale) if supported is None else charset_of(spec.locale, supported)
        listed = _text(host, _LIST) if host.has_program("locale-gen") else None
        generating = listed
        if listed is not None or host.has_program("locale-gen"):
            generating = with_generated(listed or "", spec.locale, charset or _assumed_charset(spec.locale))
        return LocaleState(
            path=file.path,
            found=file.found,
            wanted=file.wanted,
            family=file.family,
            is_usable=file.family == "alpine" or _is_compiled(host, spec.locale),
            generating=generating,
            is_listed=listed is not None and listed == generating,
            charset=charset,
            is_image=host.is_image(),
            elsewhere=other_settings(host, _ELSEWHERE, spec.locale, _CHANGES),
        )

    def plan(self, spec: LocaleSpec, state: LocaleState) -> Iterator[Op]:
        """Yield what generates the locale, then the file that says it."""
        if not state.is_usable:
            yield from _generate(spec, state)
        if state.found != state.wanted:
            content = state.wanted.encode(errors="surrogateescape")
            yield WriteFile(path=state.path, content=content, mode=None, changes=_CHANGES)
        yield from state.elsewhere
        if not state.is_usable and state.is_image:
            raise BlockedError(
                f"locale: {spec.locale} is not generated in an image (--root), in which no program runs; its files are"
                " written, and `locale-gen` is due once the image has been started"
            )

    def owns(self, spec: LocaleSpec) -> tuple[str, ...]:
        """Return the locale, of which a machine has one."""
        del spec
        return ("setting:locale",)


def _generate(spec: LocaleSpec, state: LocaleState) -> Iterator[Op]:
    if state.generating is None:
        if state.is_image:
            return
        package = _PACKAGES.get(state.family, "its package")
        raise BlockedError(
            f"locale: expected {spec.locale} among those that `locale -a` lists, found it missing; install {package}"
        )
    if state.charset is None:
        raise InvalidError(
            f"locale: expected one of {_SUPPORTED}, found {spec.locale}; write it as it stands there, say de_DE.UTF-8"
        )
    if not state.is_listed:
        yield WriteFile(path=_LIST, content=state.generating.encode(errors="surrogateescape"), changes=_CHANGES)
    if not state.is_image:
        yield Run(argv=("locale-gen",), timeout=LONGEST, changes=_CHANGES)


def _is_compiled(host: ReadHost, locale: str) -> bool:
    """Return whether a locale can be used; in an image only what has a folder of its own is known."""
    if locale in ALWAYS_THERE:
        return True
    wanted = normal_locale(locale)
    if host.is_image():
        return wanted in {normal_locale(name) for name in host.list_directory(_COMPILED) or ()}
    answer = host.query(("locale", "-a"))
    return answer is not None and wanted in {normal_locale(name.strip()) for name in answer.stdout.split("\n")}


def _assumed_charset(locale: str) -> str:
    return locale.partition("@")[0].partition(".")[2] or "ISO-8859-1"


def _text(host: ReadHost, path: str) -> str | None:
    content = host.read_bytes(path)
    return None if content is None else content.decode(errors="surrogateescape")
