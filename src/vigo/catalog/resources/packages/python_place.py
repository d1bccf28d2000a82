"""Where Python packages are: a venv, or the machine's own Python; and as whom pip works on it."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.python_packages import installed_packages
from vigo.catalog.resources.accounts.lookup import user_of_uid

_LIBRARIES = ("lib", "lib64", "local/lib", "local/lib64")
_PACKAGES = ("site-packages", "dist-packages")
_MARKER = "EXTERNALLY-MANAGED"


class PythonPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed at one place, by normalised name.

    `user` is who pip works as, None for the agent's own. `is_managed` says that the distribution keeps pip from it.
    """

    interpreter: str
    installed: dict[str, str]
    is_there: bool = True
    is_managed: bool = False
    is_occupied: bool = False
    user: str | None = None


def venv_place(host: ReadHost, venv: str) -> PythonPlace:
    """Return what is in a venv. One without `pyvenv.cfg` is none, and occupied where something else is in it."""
    is_there = host.stat(f"{venv}/pyvenv.cfg") is not None
    return PythonPlace(
        interpreter=f"{venv}/bin/python",
        installed=dict(installed_packages(_entries(host, venv, ("lib", "lib64")))),
        is_there=is_there,
        is_occupied=not is_there and host.stat(venv) is not None and host.list_directory(venv) != (),
        user=_user(host, venv),
    )


def system_place(host: ReadHost, python: str) -> PythonPlace:
    """Return what is installed for the machine's own Python, or for another one at its absolute path."""
    prefix = python.rpartition("/bin/")[0] if python.startswith("/") else "/usr"
    libraries = _LIBRARIES if prefix == "/usr" else ("lib", "lib64")
    markers = (f"{folder}/{_MARKER}" for folder in _versions(host, prefix or "/", libraries))
    return PythonPlace(
        interpreter=python,
        installed=dict(installed_packages(_entries(host, prefix or "/", libraries))),
        is_managed=any(host.stat(marker) is not None for marker in markers),
    )


def _versions(host: ReadHost, prefix: str, libraries: tuple[str, ...]) -> Iterator[str]:
    for library in libraries:
        folder = f"{prefix.rstrip('/')}/{library}"
        names = host.list_directory(folder) or ()
        yield from (f"{folder}/{name}" for name in names if name.startswith(("python", "pypy")))


def _entries(host: ReadHost, prefix: str, libraries: tuple[str, ...]) -> Iterator[str]:
    for folder in _versions(host, prefix, libraries):
        for packages in _PACKAGES:
            yield from host.list_directory(f"{folder}/{packages}") or ()


def _user(host: ReadHost, venv: str) -> str | None:
    """Return who decides on what is in a venv: the first owner on the way to it that is not root.

    A venv's Python is whatever that user put there, so that nobody else may run it, root least of all.

    Raises:
        BlockedError: that user has no name.
    """
    path = ""
    for part in [*venv.split("/")[1:], "bin"]:
        path = f"{path}/{part}"
        stat = host.stat(path)
        if stat is not None and stat.uid != 0:
            return user_of_uid(host, stat.uid, "venv", path)
    return None
