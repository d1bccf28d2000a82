"""Packages of Red Hat, SUSE and their kin. Source: rpm(8), dnf(8), zypper(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import (
    RPM_QUERY_FORMAT,
    Packages,
    parse_dnf_updates,
    parse_rpm_query,
    parse_zypper_updates,
)
from vigo.catalog.ops import Run
from vigo.catalog.resources.packages.package_tool import LONGEST, TOUCHES, Installation, ToolName, answer_of, pinned
from vigo.core.errors import BlockedError

_DATABASES = ("/var/lib/rpm", "/usr/lib/sysimage/rpm")
_UPDATES_AVAILABLE = 100


class _Rpm:
    can_choose_version = True

    def installed(self, host: ReadHost) -> Packages:
        if host.is_image():
            raise BlockedError(
                "an image's rpm database cannot be read from outside: install packages when the image is made"
            )
        return parse_rpm_query(answer_of(host, ("rpm", "-qa", "--queryformat", RPM_QUERY_FORMAT)).stdout)

    def needs_index(self, host: ReadHost) -> bool:
        del host
        return False

    def erase(self, names: tuple[str, ...]) -> Iterator[Run]:
        # dnf and zypper would remove what depends on them too.
        yield _run(("rpm", "--erase", "--", *names))

    def hold(self, names: tuple[str, ...], *, hold: bool) -> None:
        del names, hold


class _Dnf(_Rpm):
    name: ToolName = "dnf"

    def manages(self, host: ReadHost) -> bool:
        return any(host.stat(path) is not None for path in _DATABASES) if host.is_image() else host.has_program("dnf")

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        answer = answer_of(host, ("dnf", "--quiet", "check-update"), (0, _UPDATES_AVAILABLE))
        updates = parse_dnf_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def install(self, wanted: Installation) -> Iterator[Run]:
        older = {name: version for name, version in wanted.versions.items() if name in wanted.older}
        other = {name: version for name, version in wanted.versions.items() if name not in wanted.older}
        for verb, versions in (("downgrade", older), ("install", other)):
            if versions:
                yield _run(("dnf", "--assumeyes", *wanted.flags, verb, "--", *pinned(versions, "-")))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        del purge
        return _run(("dnf", "--assumeyes", *flags, "remove", "--", *names))


class _Zypper(_Rpm):
    name: ToolName = "zypper"

    def manages(self, host: ReadHost) -> bool:
        return not host.is_image() and host.has_program("zypper")

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        answer = answer_of(host, ("zypper", "--non-interactive", "--quiet", "list-updates"))
        updates = parse_zypper_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def install(self, wanted: Installation) -> Iterator[Run]:
        older = ("--oldpackage",) if wanted.older else ()
        yield _run(
            ("zypper", "--non-interactive", "install", *older, *wanted.flags, "--", *pinned(wanted.versions, "="))
        )

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        del purge
        return _run(("zypper", "--non-interactive", "remove", *flags, "--", *names))


DNF = _Dnf()
ZYPPER = _Zypper()


def _run(argv: tuple[str, ...]) -> Run:
    return Run(argv=argv, timeout=LONGEST, touches=TOUCHES)
