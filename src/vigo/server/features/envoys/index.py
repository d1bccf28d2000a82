"""All envoys in memory, so that a check-in with nothing new touches no database."""

from collections.abc import Iterable

from vigo.core.errors import NotFoundError
from vigo.core.ids import EnvoyId
from vigo.server.features.envoys.models import EnvoyRecord


class EnvoyIndex:
    """Envoys by identity and by name. Of one name at most one envoy is active."""

    def __init__(self, records: Iterable[EnvoyRecord]) -> None:
        self._by_id: dict[EnvoyId, EnvoyRecord] = {}
        self._by_name: dict[str, EnvoyRecord] = {}
        self._sorted: list[EnvoyRecord] = []
        self._dirty: set[EnvoyRecord] = set()
        self.changes = 0
        """How often something was said of an envoy: who saw the same number has seen everything."""
        for record in sorted(records, key=lambda record: record.enrolled_at):
            self.add(record)

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, record: EnvoyRecord) -> None:
        """Take an envoy in."""
        self._by_id[record.id] = record
        self.changes += 1
        present = self._by_name.get(record.hostname)
        if present is None or not present.is_active or record.is_active:
            self._by_name[record.hostname] = record

    def find(self, envoy: EnvoyId) -> EnvoyRecord | None:
        """Return the envoy with this identity."""
        return self._by_id.get(envoy)

    def named(self, hostname: str) -> EnvoyRecord | None:
        """Return the envoy with this name: the active one, or the one that was enrolled last."""
        return self._by_name.get(hostname)

    def get(self, name_or_id: str) -> EnvoyRecord:
        """Return the envoy with this UUID or hostname.

        Raises:
            NotFoundError: there is none.
        """
        found = self._by_id.get(EnvoyId(name_or_id)) or self._by_name.get(name_or_id.removesuffix(".").lower())
        if found is None:
            raise NotFoundError(
                f"expected the hostname or the UUID of an envoy, found {name_or_id[:80]!r}; `vigocli envoys list` shows"
                " them"
            )
        return found

    def everyone(self) -> list[EnvoyRecord]:
        """Return all envoys by hostname; of one name, by identity."""
        if len(self._sorted) != len(self._by_id):  # a hostname is an envoy's for ever, and nobody is taken out
            self._sorted = sorted(self._by_id.values(), key=lambda record: (record.hostname, record.id))
        return self._sorted.copy()

    def touch(self, record: EnvoyRecord) -> None:
        """Say that what is stored of an envoy is behind."""
        self._dirty.add(record)
        self.changes += 1

    def take_touched(self) -> list[EnvoyRecord]:
        """Return who was touched since the last call."""
        touched, self._dirty = list(self._dirty), set()
        return touched
