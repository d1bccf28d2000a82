"""A service before a resource had a hand in it, and how it comes back."""

from collections.abc import Iterator, Mapping

import msgspec

from vigo.catalog.api import Footprint, Past, ReadHost, Trace
from vigo.catalog.ops import MakeSymlink, Op, RemoveDirectory, RemoveFile
from vigo.catalog.resources.services.image import folders_of
from vigo.catalog.resources.services.init_system import InitSystem, ServiceState, Verb, Wanted
from vigo.core.errors import BlockedError


class ServiceFootprint(Footprint, frozen=True, kw_only=True):
    """A service, and whether its start at boot is the resource's work beside its running."""

    service: str
    enabled: bool = False


class ServiceTrace(Trace, frozen=True, kw_only=True):
    """How a service is. In an image `links` are the symlinks that start it, `folders` those that would hold them.

    `linked` is runit's: whether it looks for the service. `state` and `empty_folders`, which hold nothing but these
    symlinks, are of the moment.
    """

    running: bool | None = None
    enabled: bool | None = None
    linked: bool | None = None
    links: tuple[str, ...] | None = None
    folders: tuple[str, ...] | None = None
    empty_folders: tuple[str, ...] = ()
    state: ServiceState | None = None

    def kept(self) -> "ServiceTrace":
        """Return it without what is only of use while it is looked at."""
        return msgspec.structs.replace(self, state=None, empty_folders=())


ServicePast = Past[ServiceFootprint, ServiceTrace]


def service_trace(footprint: ServiceFootprint, state: ServiceState, host: ReadHost) -> ServiceTrace:
    """Return what of a service's state the resource has a hand in."""
    if state.image is None:
        found = state.supervision
        return ServiceTrace(
            running=state.running,
            enabled=state.enabled if footprint.enabled else None,
            linked=found.is_linked if footprint.enabled and found is not None else None,
            state=state,
        )
    if not footprint.enabled:
        return ServiceTrace(state=state)
    links = [path for path, _ in state.image.links]
    deepest_first = sorted({folder for path in links for folder in folders_of(path)}, reverse=True)
    there = tuple(folder for folder in deepest_first if host.stat(folder) is not None)
    ours = set(state.image.present)
    empty: list[str] = []
    for folder in there:
        if all(f"{folder}/{name}" in ours for name in host.list_directory(folder) or ()):
            empty.append(folder)
            ours.add(folder)
    return ServiceTrace(links=state.image.present, folders=there, empty_folders=tuple(empty), state=state)


def service_brought_back(past: ServicePast, systems: Mapping[str, InitSystem]) -> Iterator[Op]:
    """Yield what stops it; what it does at boot; then what starts it.

    Raises:
        BlockedError: there is no such service any more, or it is masked.
    """
    footprint, before, now = past
    state = now.state
    if state is None:
        return
    if state.image is not None:
        yield from _links(before, now)
        return
    if not state.known:
        raise BlockedError(f"expected the service {footprint.service} to be there, found that it is not any more")
    starts = bool(before.running) and not now.running
    if state.masked and (starts or before.enabled):
        raise BlockedError(f"{footprint.service} is masked: somebody forbade it to start; `systemctl unmask` lets it")
    verb: Verb = "start" if starts else "stop" if now.running and not before.running else ""
    is_other = before.enabled is not None and now.enabled is not None and before.enabled != now.enabled
    wanted = Wanted(verb=verb, enabled=before.enabled if is_other else None, is_linked=bool(before.linked))
    yield from systems[state.init].changes(footprint.service, state, wanted)


def _links(before: ServiceTrace, now: ServiceTrace) -> Iterator[Op]:
    targets = dict(now.state.image.links) if now.state is not None and now.state.image is not None else {}
    was, is_there = before.links or (), now.links or ()
    for path in is_there:
        if path not in was:
            yield RemoveFile(path=path, changes=("enabled",))
    for path in was:
        if path not in is_there and path in targets:
            yield MakeSymlink(path=path, to=targets[path], changes=("enabled",))
    for folder in now.folders or ():
        if folder in now.empty_folders and folder not in (before.folders or ()) and not was:
            yield RemoveDirectory(path=folder, changes=("enabled",))
