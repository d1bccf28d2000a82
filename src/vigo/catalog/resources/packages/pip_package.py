"""The kind `pip_package`."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_path, shown
from vigo.catalog.formats.python_packages import base_name, is_version, same_version
from vigo.catalog.ops import Op, Run
from vigo.catalog.ops.ask_newest_release import AskNewestRelease
from vigo.catalog.resources.files.attributes import require_parent
from vigo.catalog.resources.packages.package_tool import is_old, newest_ns
from vigo.catalog.resources.packages.python_place import PythonPlace, system_place, venv_place
from vigo.core.encoding import digest
from vigo.core.errors import BlockedError, InvalidError

LONGEST = timedelta(minutes=30)
"""How long pip may take: some packages are compiled on the host."""

_ANSWERS = "/var/cache/vigo/pip"
_PYTHON = re.compile(r"(?:/[A-Za-z0-9._+-]+)*/bin/(?:python|pypy)[0-9.]*|(?:python|pypy)[0-9.]*")
_ENVIRONMENT = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


class PipPackageSpec(Spec, frozen=True, kw_only=True):
    """A Python package, installed by pip into a venv."""

    package: Annotated[str, field("Name in the index, with extras in brackets where wanted.", example="uvicorn")]
    version: Annotated[str | None, field("The one version that shall be installed.", example="0.30.1")] = None
    venv: Annotated[
        str | None, field("The virtual environment; made where there is none.", example="/opt/app/venv", is_path=True)
    ] = None
    python: Annotated[
        str, field("The Python that makes the venv, or that has the package without one.", example="python3.11")
    ] = "python3"
    state: Annotated[
        Literal["present", "latest", "absent"], field("Whether it shall be installed, and kept at the newest version.")
    ] = "present"


class PipPackageState(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed beside it, and which version the index had as the newest when it was last asked."""

    place: PythonPlace
    is_image: bool
    newest: str | None = None
    is_answer_old: bool = True


class PipPackage(Resource[PipPackageSpec, PipPackageState]):
    """What is installed is read from the folders that pip leaves; pip itself is only started to change something.

    A venv that is not there is made (`python3 -m venv`), as the owner of the folder that it goes to. pip always runs as
    the first owner on the way to the venv that is not root: whoever may write there decides what root would run.
    Without a venv a Python that its distribution keeps for itself (EXTERNALLY-MANAGED, PEP 668) is left alone: the
    resource is blocked. Under `latest` the index is asked once a day; a newer version is installed by the next run.
    Indexes and their passwords come from pip's own settings.
    """

    kind, since, spec = "pip_package", "0.1", PipPackageSpec
    name_field = "package"

    def validate(self, spec: PipPackageSpec) -> None:
        """Accept a name, one version, and a Python that is one."""
        if base_name(spec.package) is None:
            raise InvalidError(
                f"package: expected a Python package's name such as uvicorn or uvicorn[standard], found"
                f" {shown(spec.package)}; its version goes into version"
            )
        if spec.version is not None and not is_version(spec.version):
            raise InvalidError(f"version: expected one version such as 0.30.1, found {shown(spec.version)}")
        if spec.version is not None and spec.state != "present":
            raise InvalidError(f"version: expected state: present beside it, found {spec.state}; remove one")
        if spec.venv is not None:
            check_path("venv", spec.venv)
            if spec.venv == "/":
                raise InvalidError("venv: expected a folder of its own, found the root directory")
        if not _PYTHON.fullmatch(spec.python):
            raise InvalidError(
                f"python: expected python3, python3.11 or /opt/x/bin/python3, found {shown(spec.python)}"
            )

    def observe(self, spec: PipPackageSpec, host: ReadHost) -> PipPackageState:
        """Return what is installed at the place."""
        place = system_place(host, spec.python) if spec.venv is None else venv_place(host, spec.venv)
        if spec.venv is not None and not place.is_there and spec.state != "absent":
            require_parent(host, spec.venv, "venv")
        state = PipPackageState(place=place, is_image=host.is_image())
        if spec.state != "latest":
            return state
        answer = _answer_path(spec)
        newest = (host.read_text(answer) or "").strip() or None
        old = newest is None or is_old(host, newest_ns(host, (answer,)))
        return msgspec.structs.replace(state, newest=newest, is_answer_old=old)

    def plan(self, spec: PipPackageSpec, state: PipPackageState) -> Iterator[Op]:
        """Yield pip's calls, and what makes the venv."""
        place, name = state.place, base_name(spec.package) or ""
        found = place.installed.get(name)
        wanted = spec.version
        if spec.state == "latest" and found is not None and state.newest is not None:
            wanted = state.newest
        is_so = (found is None) if spec.state == "absent" else _is_wanted(found, wanted)
        if not is_so:
            _require_changeable(spec, state)
            if spec.state == "absent":
                yield _pip(place, ("uninstall", "--yes", "--", name), "state")
                return
            if not place.is_there:
                yield Run(
                    argv=(spec.python, "-m", "venv", "--", spec.venv or ""), user=place.user, timeout=LONGEST,
                    changes=("venv",),
                )  # fmt: skip
            pinned = spec.package if wanted is None else f"{spec.package}=={wanted}"
            yield _pip(place, ("install", "--", pinned), "state" if found is None else "version")
        if spec.state == "latest" and state.is_answer_old:
            _require_changeable(spec, state)
            yield AskNewestRelease(
                interpreter=place.interpreter, package=name, user=place.user, answer=_answer_path(spec)
            )

    def owns(self, spec: PipPackageSpec) -> tuple[str, ...]:
        """Return the package at its place."""
        return (f"pip:{spec.venv or spec.python}:{base_name(spec.package) or spec.package}",)


def _is_wanted(found: str | None, wanted: str | None) -> bool:
    return found is not None and (wanted is None or same_version(found, wanted))


def _pip(place: PythonPlace, words: tuple[str, ...], changed: str) -> Run:
    return Run(
        argv=(place.interpreter, "-m", "pip", *words),
        user=place.user,
        environment=_ENVIRONMENT,
        timeout=LONGEST,
        touches=("packages",),
        changes=(changed,),
    )


def _require_changeable(spec: PipPackageSpec, state: PipPackageState) -> None:
    """Accept a place that pip may change.

    Raises:
        BlockedError: the distribution keeps it, pip is not there, or this is an image.
        InvalidError: something else is where the venv shall be.
    """
    place = state.place
    if state.is_image:
        raise BlockedError("pip is not run in an image (--root): it would act on the running machine's Python")
    if place.is_managed:
        raise BlockedError(
            f"venv: expected a Python that pip may change, found that the distribution keeps {spec.python} for itself"
            f" (EXTERNALLY-MANAGED); set venv: /opt/NAME, or declare package: python3-{base_name(spec.package)}"
        )
    if place.is_occupied:
        raise InvalidError(f"venv: expected a virtual environment at {spec.venv}, found something else; move it away")
    if place.is_there and "pip" not in place.installed:
        advice = "make it anew with pip in it" if spec.venv else "add a package resource for python3-pip"
        raise BlockedError(f"expected pip beside {place.interpreter}, found none; {advice}")


def _answer_path(spec: PipPackageSpec) -> str:
    """Return where the newest version is noted: by place, since each may have another Python and another index."""
    place = digest((spec.venv or spec.python).encode()).rpartition(":")[2][:16]
    return f"{_ANSWERS}/{place}-{base_name(spec.package)}"
