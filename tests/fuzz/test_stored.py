"""What stands on a disk, read again after somebody or something changed it."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agent.journal.test_damage import filled
from tests.fuzz.conftest import FUZZ
from tests.fuzz.mutations import mutated
from tests.server.features.test_recording import KEY, STARTED, order
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.journal.store import MAP_SIZE_BYTES, sealed
from vigo.cli.terminal.cast_player import play
from vigo.core.errors import VigoError
from vigo.core.ids import Digest
from vigo.server.features.scriers.recording import Recordings
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.keyring import Keyring
from vigo.testing.clock import FakeClock

SHOWN = 4


def _values(folder: Path) -> dict[bytes, bytes]:
    with lmdb.open(str(folder), map_size=MAP_SIZE_BYTES) as environment, environment.begin() as transaction:
        return dict(transaction.cursor())


@FUZZ
@given(data=st.data())
def test_any_value_in_the_journal_is_read_set_aside_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        state_dir = Path(name)
        folder = filled(state_dir, runs=2).parent
        values = _values(folder)
        key = data.draw(st.sampled_from(sorted(values)))
        payload = data.draw(mutated([value[16:] for value in values.values()]))
        # Behind a checksum that is right, as a program of another version, or a thief, would write it.
        stored = sealed(key, payload) if data.draw(st.booleans()) else payload
        with lmdb.open(str(folder), map_size=MAP_SIZE_BYTES) as environment, environment.begin(write=True) as change:
            change.put(key, stored)
        for _ in range(2):  # what the first one found damaged, the second one has set aside
            with suppress(VigoError):
                journal = Journal.open(state_dir)
                try:
                    for read in (journal.state, journal.bundle, journal.sequence, journal.collected, journal.owed):
                        with suppress(VigoError):
                            read()
                    with suppress(VigoError):
                        journal.sightings(Digest("x"))
                    with suppress(VigoError):
                        journal.results.oldest()
                    with suppress(VigoError):
                        journal.undos.count()
                finally:
                    journal.close()


@FUZZ
@given(data=st.data())
def test_any_recording_is_read_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        recordings, one = Recordings(Path(name), KEY), order()
        recording = recordings.begin(one, "web-1", STARTED)
        for number in range(SHOWN):
            recording.shown(float(number), b"shown")
        recording.close()
        (path,) = Path(name).iterdir()
        whole = path.read_bytes()
        path.write_bytes(data.draw(mutated([whole])))
        lines = recordings.lines(one.scrier)
        try:
            found = []
            with suppress(VigoError):
                found = [json.loads(line) for line in lines.more(1000)]
            # Each line is one that was written, in its place: nothing is made up, moved or left out before it.
            assert all(line[0] == place for place, line in enumerate(found[1:]))
        finally:
            lines.close()


@FUZZ
@given(
    lines=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(("o", "r", "i", "80x24")),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=6,
        )
        | st.just({"version": 2, "width": 80, "height": 24})
        | st.tuples(st.floats(0, 1), st.sampled_from(("o", "r", "i", "m")), st.text(max_size=9)).map(list),
        max_size=6,
    )
)
def test_any_asciicast_is_played_or_refused(lines: list[object]) -> None:
    with suppress(VigoError):
        play(iter(lines), speed=1e9, longest_pause_seconds=0)


@FUZZ
@given(content=mutated([b'{"envoy": "x", "hostname": "web-1", "policy_keys": []}', b"{}"]))
def test_any_identity_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "identity"
        folder.mkdir()
        (folder / "identity.json").write_bytes(content)
        with suppress(VigoError):
            IdentityFolder(Path(name)).load()


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    from vigo.server.platform.folder.initialise import initialise, make_root  # noqa: PLC0415 - for this alone

    folder = DataFolder(tmp_path_factory.mktemp("data"))
    make_root(folder)
    initialise(folder, FakeClock())
    keyring = Keyring(folder, FakeClock())
    keyring.begin("ca")
    return folder


@FUZZ
@given(data=st.data())
def test_any_key_file_of_a_server_is_read_or_refused(rotated: DataFolder, data: st.DataObject) -> None:
    paths = (rotated.rotations, rotated.trust / "0001.json", rotated.policy_key, rotated.ca_certificate, rotated.ca_key)
    path = data.draw(st.sampled_from(paths))
    kept = {one: one.read_bytes() for one in rotated.keys.rglob("*") if one.is_file()}
    try:
        path.write_bytes(data.draw(mutated(list(kept.values()))))
        with suppress(VigoError):
            Keyring(rotated, FakeClock())
    finally:
        for one, content in kept.items():
            one.write_bytes(content)
        for one in set(rotated.trust.iterdir()) - set(kept):
            one.unlink()
