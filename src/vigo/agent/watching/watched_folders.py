"""Which folders are watched, for which resources, and whom an event concerns."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from vigo.agent.watching.folder_events import FolderEvents
from vigo.agent.watching.steps import Step, Steps, Walker
from vigo.catalog.api import ReadFiles
from vigo.core.ids import ResourceId

_MOST_ROUNDS: Final = 5
_NO_STEPS: Final = Steps(frozenset(), None)


class Heard(NamedTuple):
    """What events amount to.

    At the paths of `touched` something happened; the way to those of `astray` may be another one by now. With
    `is_doubtful` events were lost.
    """

    touched: frozenset[ResourceId]
    astray: frozenset[ResourceId]
    is_doubtful: bool


class WatchedFolders:
    """Folders, each watched once for however many resources. All paths are the host's."""

    def __init__(self, events: FolderEvents) -> None:
        self._events = events
        self._paths: dict[ResourceId, tuple[str, ...]] = {}
        self._steps: dict[ResourceId, tuple[Steps, ...]] = {}
        self._interests: dict[str, dict[str, set[ResourceId]]] = {}
        self._handles: dict[str, int] = {}
        self._folders: dict[int, set[str]] = {}

    def __len__(self) -> int:
        return len(self._handles)

    def keep_only(self, wanted: Mapping[ResourceId, Iterable[str]], files: ReadFiles) -> frozenset[ResourceId]:
        """Watch the paths of these resources and nothing else; return those that were not watched well until now.

        Each folder is asked for anew, since one over which another file system was mounted tells of nothing.

        Raises:
            BlockedError: this machine allows no more.
        """
        for gone in self._paths.keys() - wanted.keys():
            self._follow(gone, (), Walker(files))
        lost: set[ResourceId] = set()
        for folder in list(self._handles):
            if self._events.add(folder) != self._handles[folder]:
                lost |= self._lose(folder)
        changed = {id_: tuple(paths) for id_, paths in wanted.items() if self._paths.get(id_) != tuple(paths)}
        changed |= {id_: tuple(wanted[id_]) for id_ in lost if id_ in wanted}
        return self.watch(changed, files)

    def watch(self, wanted: Mapping[ResourceId, Iterable[str]], files: ReadFiles) -> frozenset[ResourceId]:
        """Watch the way to the paths of some resources as it is now; return those with a folder that was not watched.

        Raises:
            BlockedError: this machine allows no more.
        """
        pending = {id_: tuple(paths) for id_, paths in wanted.items()}
        concerned: set[ResourceId] = set()
        # What appears between a look at the way and the watch of its folder is seen by another look.
        for _ in range(_MOST_ROUNDS):
            walker = Walker(files)
            for id_, paths in pending.items():
                self._follow(id_, paths, walker)
            added = self._meet_interests()
            pending = {id_: self._paths[id_] for folder in added for id_ in self._concerned(folder)}
            concerned.update(pending)
            if not pending:
                break
        return frozenset(concerned)

    def heard(self) -> Heard:
        """Return what happened since it was last asked."""
        touched: set[ResourceId] = set()
        astray: set[ResourceId] = set()
        is_doubtful = False
        for event in dict.fromkeys(self._events.read()):
            is_doubtful = is_doubtful or event.is_overflow
            for folder in tuple(self._folders.get(event.handle, ())):
                if event.is_lost:
                    astray |= self._lose(folder)
                    continue
                step = Step(folder, event.name)
                for id_ in self._interests.get(folder, {}).get(event.name, ()):
                    is_end = any(steps.end == step for steps in self._steps[id_])
                    (touched if is_end else astray).add(id_)
        return Heard(frozenset(touched - astray), frozenset(astray), is_doubtful)

    def paths_of(self, resource: ResourceId) -> tuple[str, ...]:
        """Return the paths that are watched for a resource."""
        return self._paths.get(resource, ())

    def close(self) -> None:
        """Watch nothing any more."""
        self._events.close()

    def _follow(self, resource: ResourceId, paths: tuple[str, ...], walker: Walker) -> None:
        former = {step for steps in self._steps.get(resource, ()) for step in _all(steps)}
        steps = tuple(walker.steps_to(path) for path in paths)
        now = {step for one in steps for step in _all(one)}
        for step in former - now:
            names = self._interests[step.folder]
            names[step.name].discard(resource)
            if not names[step.name]:
                del names[step.name]
            if not names:
                del self._interests[step.folder]
        for step in now - former:
            self._interests.setdefault(step.folder, {}).setdefault(step.name, set()).add(resource)
        if paths:
            self._paths[resource], self._steps[resource] = paths, steps
        else:
            self._paths.pop(resource, None)
            self._steps.pop(resource, None)

    def _meet_interests(self) -> list[str]:
        """Watch what is not watched yet, and no longer what nobody needs; return the folders that are new."""
        for folder in self._handles.keys() - self._interests.keys():
            self._lose(folder)
        added = []
        # Those above come first: a folder that is gone again before it can be watched is told of by the one above.
        for folder in sorted(self._interests.keys() - self._handles.keys()):
            made = self._events.add(folder)
            if made is not None:
                self._handles[folder] = made
                self._folders.setdefault(made, set()).add(folder)
                added.append(folder)
        return added

    def _lose(self, folder: str) -> set[ResourceId]:
        """Forget that a folder is watched; return whom that concerns."""
        handle = self._handles.pop(folder)
        self._folders[handle].discard(folder)
        if not self._folders[handle]:
            del self._folders[handle]
            self._events.remove(handle)
        return self._concerned(folder)

    def _concerned(self, folder: str) -> set[ResourceId]:
        return {id_ for ids in self._interests.get(folder, {}).values() for id_ in ids}


def _all(steps: Steps) -> frozenset[Step]:
    return steps.way if steps.end is None else steps.way | {steps.end}
