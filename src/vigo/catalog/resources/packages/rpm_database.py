"""The database that dnf, yum and zypper share, and package files for it. Source: rpm(8), rpm-queryformat(7)."""

from collections.abc import Iterator
from datetime import timedelta

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import RPM_QUERY_FORMAT, Packages, parse_rpm_query
from vigo.catalog.ops.package_tool import RunPackageTool
from vigo.catalog.resources.packages.package_tool import TOUCHES, FileContent, answer_of
from vigo.core.errors import BlockedError, UnavailableError

DATABASES = ("/var/lib/rpm", "/usr/lib/sysimage/rpm")
LOCK = "/var/lib/rpm/.rpm.lock"
# rpm waits for the lock of another one by itself, for as long as it may.
_LONGEST = timedelta(minutes=5)
_FILE_FORMAT = r"%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n"


class RpmDatabase:
    """What there is to ask of rpm itself, whichever tool installs."""

    def installed(self, host: ReadHost) -> Packages:
        """Return every installed package.

        Raises:
            BlockedError: this is an image.
            UnavailableError: rpm does not answer.
        """
        if host.is_image():
            raise BlockedError(
                "an image's rpm database cannot be read from outside: install packages when the image is made"
            )
        return parse_rpm_query(answer_of(host, ("rpm", "-qa", "--queryformat", RPM_QUERY_FORMAT)).stdout)

    def erase(self, names: tuple[str, ...]) -> Iterator[RunPackageTool]:
        """Yield the call that removes exactly these: dnf and zypper would remove what depends on them too."""
        argv = ("rpm", "--erase", "--", *names)
        yield RunPackageTool(argv=argv, timeout=_LONGEST, touches=TOUCHES, locks=(LOCK,))

    def read_file(self, host: ReadHost, path: str) -> FileContent:
        """Return the package and version in a file.

        Raises:
            UnavailableError: it is no package.
        """
        answer = host.query(("rpm", "-qp", "--nosignature", "--queryformat", _FILE_FORMAT, "--", path))
        fields = ("" if answer is None or answer.status else answer.stdout).strip().split("\t")
        if len(fields) != 2:  # noqa: PLR2004 - name, version
            found = "no program rpm" if answer is None else answer.stderr.strip()[:200]
            raise UnavailableError(f"expected an rpm package at {path}, found: {found}")
        return FileContent(fields[0], fields[1])
