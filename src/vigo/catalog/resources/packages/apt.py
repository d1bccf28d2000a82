"""Packages of Debian and its kin. Source: apt-get(8), apt-mark(8), dpkg-query(1), apt.conf(5)."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import (
    DPKG_QUERY_FORMAT,
    Packages,
    parse_apt_policy,
    parse_dpkg_query,
    parse_dpkg_status,
)
from vigo.catalog.ops import Run
from vigo.catalog.resources.packages.package_tool import LONGEST, TOUCHES, Installation, ToolName, answer_of, pinned

_STATUS = "/var/lib/dpkg/status"
_LISTS = "/var/lib/apt/lists"
_NO_LISTS = frozenset({"auxfiles", "lock", "partial"})
# `Dir` alone leaves dpkg and its status file those of the running machine.
_ROOT = ("-o", "Dir={root}", "-o", "Dir::State::status={root}" + _STATUS, "-o", "DPkg::Options::=--root={root}")
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none"}
# A settings file that an operator changed stays; a question would hang for ever.
_KEEP_SETTINGS = ("-o", "DPkg::Options::=--force-confdef", "-o", "DPkg::Options::=--force-confold")


# Another run of apt (unattended upgrades) is waited for.
_APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120")


class _Apt:
    name: ToolName = "apt"
    can_choose_version = True

    def manages(self, host: ReadHost) -> bool:
        return host.stat(_STATUS) is not None if host.is_image() else host.has_program("apt-get")

    def installed(self, host: ReadHost) -> Packages:
        if host.is_image():
            return parse_dpkg_status(host.read_text(_STATUS) or "")
        return parse_dpkg_query(answer_of(host, ("dpkg-query", "-W", "-f", DPKG_QUERY_FORMAT)).stdout)

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        policy = parse_apt_policy(answer_of(host, ("apt-cache", "policy", "--", *names)).stdout)
        return frozenset(
            name for name in names if name in installed and policy.get(name, "") not in ("", installed[name].version)
        )

    def needs_index(self, host: ReadHost) -> bool:
        return not set(host.list_directory(_LISTS) or ()) - _NO_LISTS

    def install(self, wanted: Installation) -> Iterator[Run]:
        if wanted.refresh:
            yield _run((*_APT, "update"))
        options = ["--allow-downgrades"] if wanted.allow_downgrade else []
        options += ["--allow-change-held-packages"] if wanted.held else []
        options += wanted.flags
        packages = pinned(wanted.versions, "=")
        yield _run((*_APT, *_KEEP_SETTINGS, *options, "install", "--", *packages))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        return _run((*_APT, *flags, "purge" if purge else "remove", "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[Run]:
        # apt-get would remove what depends on them too. dpkg refuses, and yet marks them as to be removed.
        for options in (("--no-act", "--remove"), ("--remove",)):
            yield msgspec.structs.replace(_run(("dpkg", *options, "--", *names)), root_option=("--root={root}",))

    def hold(self, names: tuple[str, ...], *, hold: bool) -> Run:
        return _run(("apt-mark", "hold" if hold else "unhold", "--", *names))


APT = _Apt()


def _run(argv: tuple[str, ...]) -> Run:
    return Run(argv=argv, environment=_QUIET, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES)
