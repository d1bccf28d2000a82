"""A host and what is remembered of it, over plans that come and go, and kills at any step."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.agent.engine.conftest import ORIGIN, World, make_world
from vigo.agent.engine.notices import NoticesInMemory
from vigo.agent.engine.undo_records import UndoRecord, UndosInMemory
from vigo.catalog.ops import Op
from vigo.core.encoding import decode, encode
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, PlannedResource
from vigo.core.run import ResourceResult
from vigo.testing.fake_host import FakeHost


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, and what it stored is there."""


class StoredUndos(UndosInMemory):
    """Records that come back as they do from a journal."""

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        super().keep(*(decode(encode(record), UndoRecord) for record in records), formers=formers)


class Machine:
    """A host, its undo records and its notices, each as after the last pass, however that one ended."""

    def __init__(self, host: FakeHost | None = None, **files: str) -> None:
        self.world: World = make_world(**files)
        if host is not None:
            self.world.host, self.world.execute = host, host.apply
        self.undos: UndosInMemory = StoredUndos()
        self.notices = NoticesInMemory()

    @property
    def host(self) -> FakeHost:
        return self.world.host

    def run(self, *resources: PlannedResource, dry_run: bool = False, **scopes: Any) -> dict[str, ResourceResult]:
        return self.world.run(*resources, notices=self.notices, undos=self.undos, dry_run=dry_run, **scopes)

    def text(self, path: str) -> str | None:
        return self.host.read_text(path)

    def files(self) -> Mapping[str, Any]:
        return self.host.snapshot()

    def done(self) -> list[str]:
        """Return what was carried out since the last time that this was asked."""
        summaries = [op.summary() for op in self.host.applied]
        self.host.applied.clear()
        return summaries

    def killed_at(self, step: int, run: Callable[["Machine"], object]) -> bool:
        """Let a run be killed before its step of this number; return whether it came so far.

        A step is one write to the journal or one operation. Killed before one is as killed behind the one before it.
        """
        counter = _Steps(step)
        undos, execute = self.undos, self.world.execute
        self.undos, self.world.execute = _CountedUndos(undos, counter), counter.counted(execute)
        try:
            run(self)
        except Killed:
            return True
        finally:
            self.undos, self.world.execute = undos, execute
        return False


class _Steps:
    def __init__(self, killed_at: int) -> None:
        self._left = killed_at

    def __call__(self) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1

    def counted(self, execute: Callable[[Op], object]) -> Callable[[Op], object]:
        def counting(op: Op) -> None:
            self()
            execute(op)

        return counting


class _CountedUndos(UndosInMemory):
    """The same records, where each write is a step."""

    def __init__(self, undos: UndosInMemory, step: _Steps) -> None:
        self._undos = undos
        self._step = step

    def records(self) -> Mapping[ResourceId, UndoRecord]:
        return self._undos.records()

    def former(self, resource: ResourceId, thing: str) -> bytes | None:
        return self._undos.former(resource, thing)

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        self._step()
        self._undos.keep(*records, formers=formers)


def resource(name: str, kind: str, /, on_remove: str = "revert", **fields: Any) -> PlannedResource:
    """Return a resource `web/NAME` that shall be undone; what every resource has is told from its fields."""
    more = {key: fields.pop(key) for key in PlannedResource.__struct_fields__ if key in fields}
    for key in ("depends_on", "notify"):
        more[key] = tuple(ResourceId(f"web/{one}") for one in more.pop(key, ()))
    more["conditions"] = tuple(Condition(text, ORIGIN) for text in more.pop("conditions", ()))
    return PlannedResource(
        id=ResourceId(f"web/{name}"),
        type=kind,
        origin=ORIGIN,
        fields=fields,
        on_remove="revert" if on_remove == "revert" else "leave",
        **more,
    )


def file(name: str, content: str | None = None, /, path: str = "", **more: Any) -> PlannedResource:
    """Return a file resource, at `/NAME` unless its path is said."""
    fields = {} if content is None else {"content": content}
    return resource(name, "file", path=path or f"/{name}", **fields, **more)
