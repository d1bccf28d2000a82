"""The CA and the policy key are replaced under machines that are at work, away and coming back."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import FakeMachine, policy
from tests.security.test_24_revocation_and_lapse import served_since
from tests.server.harness import Machine, Server, ca_sha256, served, without_audit
from vigo.agent.cycle import Cycles
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.report import CycleReport
from vigo.core.errors import ConflictError, DamagedError, UnauthenticatedError
from vigo.core.signing import SigningKey, VerifyKey
from vigo.core.trust import SignedTrust, Trust, certificates_in, fingerprint_of, followed, sign_trust
from vigo.core.wire.messages import CheckInAnswer, Methods, SignedRequest
from vigo.server.platform.folder.initialise import initialise, make_root
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki import keyring as keyring_module
from vigo.server.platform.pki.keyring import SUBJECTS, Keyring, Subject
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_server import FakeServer


async def _cycle(machine: Machine) -> CycleReport:
    host = FakeMachine(FakeHost({"/etc/hostname": "web-1\n"}))
    cycles = Cycles(machine.folder, lambda _identity: host, machine.server.clock)
    try:
        return await cycles.run()
    finally:
        await cycles.close()


def _is_good(report: CycleReport) -> bool:
    changed = report.run is not None and report.run.worst() in ("changed", "unchanged")
    return changed and not report.offline and bool(report.delivered) and not report.message


async def _step(server: Server, subject: str, verb: str, **said: Any) -> httpx.Response:
    body = {"force": False, **said} if verb in ("switch", "retire") else None
    return await server.request("POST", f"/api/v1/keys/{subject}/{verb}", body)


async def _done(server: Server, subject: str, verb: str, **said: Any) -> dict[str, Any]:
    answer = await _step(server, subject, verb, **said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _published(server: Server, text: str) -> None:
    server.write_stacks({"envoys.vgo": text})
    await server.publish()


def _cas(folder: IdentityFolder) -> set[str]:
    return set(map(fingerprint_of, certificates_in(folder.ca_pem())))


@served
async def test_24_the_ca_is_replaced_under_machines_that_are_at_work(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    machines = [await Machine.enrolled(server, tmp / name, name) for name in ("web-1", "web-2")]
    former = ca_sha256(server)
    for machine in machines:
        assert _is_good(await _cycle(machine))
    begun = await _done(server, "ca", "rotate")
    assert (begun["phase"], begun["behind"], begun["fingerprint"]) == ("begun", 2, former)
    early = await _step(server, "ca", "switch")
    assert (early.status_code, "web-1, web-2" in early.json()["detail"]) == (409, True)
    for machine in machines:
        assert _is_good(await _cycle(machine))
        assert _is_good(await _cycle(machine))
        assert _cas(machine.folder) == {former, begun["next_fingerprint"]}
    switched = await _done(server, "ca", "switch")
    assert (switched["phase"], switched["behind"]) == ("switched", 2)
    assert (await _step(server, "ca", "retire")).status_code == 409
    certificates = [machine.folder.tls_path.read_bytes() for machine in machines]
    for machine in machines:
        assert _is_good(await _cycle(machine))
        assert _is_good(await _cycle(machine))
    assert not set(certificates) & {machine.folder.tls_path.read_bytes() for machine in machines}
    # A machine that enrols in between, by a token that has the former CA.
    machines.append(await Machine.enrolled(server, tmp / "web-3", "web-3"))
    assert _is_good(await _cycle(machines[2]))
    retired = await _done(server, "ca", "retire")
    assert (retired["phase"], retired["fingerprint"]) == (None, begun["next_fingerprint"])
    assert ca_sha256(server) == begun["next_fingerprint"]
    for machine in machines:
        assert _is_good(await _cycle(machine))
        assert _cas(machine.folder) == {begun["next_fingerprint"]}
    machines.append(await Machine.enrolled(server, tmp / "web-4", "web-4"))
    assert _is_good(await _cycle(machines[3]))
    assert (await server.request("GET", "/api/v1/keys")).json()["items"][0]["begun_at"] is None
    envoys = (await server.request("GET", "/api/v1/envoys")).json()["items"]
    assert {item["id"] for item in envoys} == {machine.id for machine in machines}


@served
async def test_24_the_policy_key_is_replaced_and_held_policies_are_had_anew(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    former = machine.identity.policy_keys
    assert _is_good(await _cycle(machine))
    await _done(server, "policy", "rotate")
    assert _is_good(await _cycle(machine))
    assert len(machine.folder.load().policy_keys) == 2
    await _cycle(machine)
    await _done(server, "policy", "switch")
    assert _is_good(await _cycle(machine))
    await _done(server, "policy", "retire")
    assert _is_good(await _cycle(machine))
    now = machine.folder.load().policy_keys
    assert len(now) == 1
    assert now != former
    await _published(server, "two")
    assert _is_good(await _cycle(machine))
    await server.restart()
    bundle = server.app.generations.assignment("web-1")
    assert bundle is not None
    from vigo.core.bundle import is_signed  # noqa: PLC0415 - beside what it looks at

    assert is_signed(bundle.bundle, machine.folder.load().verify_keys())
    assert not is_signed(bundle.bundle, (VerifyKey(bytes.fromhex(former[0])),))


@served
async def test_24_a_machine_that_was_off_for_all_of_it_follows_when_it_comes_back(server: Server, tmp: Path) -> None:
    await _away_while_all_is_replaced(server, tmp, timedelta(0))


@served_since(timedelta(days=95))
async def test_24_so_does_one_whose_certificate_has_ended_too(server: Server, tmp: Path) -> None:
    await _away_while_all_is_replaced(server, tmp, timedelta(days=95))


async def _away_while_all_is_replaced(server: Server, tmp: Path, away_for: timedelta) -> None:
    await _published(server, "one")
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    revoked = await Machine.enrolled(server, tmp / "b", "web-2")
    if not away_for:
        assert _is_good(await _cycle(machine))
    await server.request("POST", "/api/v1/envoys/web-2/revoke")
    for subject in ("policy", "ca", "policy", "ca"):
        await _done(server, subject, "rotate")
        await _done(server, subject, "switch", force=True)
        await _done(server, subject, "retire", force=True)
    server.clock.advance(away_for)
    assert _is_good(await _cycle(machine))
    assert machine.folder.load().envoy == machine.id
    assert _cas(machine.folder) == {ca_sha256(server)}
    assert _is_good(await _cycle(machine))
    report = await _cycle(revoked)
    assert (report.refused, report.run) == (True, None)


@served
async def test_24_a_daemon_that_could_not_reach_the_server_meanwhile_follows_too(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    host = FakeMachine(FakeHost({"/etc/hostname": "web-1\n"}))
    cycles = Cycles(machine.folder, lambda _identity: host, server.clock)
    assert _is_good(await cycles.run())
    for subject in SUBJECTS:
        for verb in ("rotate", "switch", "retire"):
            await _done(server, subject, verb, force=True)
    # What a daemon does between cycles, once one of them found nobody there.
    assert await cycles.reconnect() == ""
    assert _is_good(await cycles.run())
    await cycles.close()


@served
async def test_24_nobody_else_proves_another_trust(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    assert _is_good(await _cycle(machine))
    impostor = Server(tmp / "impostor")
    await impostor.start()
    try:
        await impostor.app.keys.begin(await _admin(impostor), "ca")
        aside = msgspec.structs.replace(
            machine.folder.load(), server_url=impostor.url, grpc_addresses=impostor.app.addresses.grpc()
        )
        (tmp / "a" / "identity" / "identity.json").write_bytes(msgspec.json.encode(aside))
        report = await _cycle(machine)
        assert (report.offline, report.refused) == (True, False)
        assert "expected a certificate that the pinned CA signed" in report.message
        assert machine.folder.load() == aside
        assert _cas(machine.folder) == {ca_sha256(server)}
    finally:
        await impostor.stop()


async def _admin(server: Server) -> Any:
    return server.app.access.authenticate(server.admin_token)


def test_24_documents_are_followed_in_their_order_alone() -> None:
    keys = [SigningKey.generate() for _ in range(3)]
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    def trust(version: int, *trusted: SigningKey, ca_pem: str = pem) -> Trust:
        now = FakeClock().now()
        return Trust(
            version=version, issued_at=now, ca_pem=ca_pem, policy_keys=tuple(key.public.hex() for key in trusted)
        )

    first = trust(0, keys[0])
    both = sign_trust(trust(1, keys[0], keys[1]), keys[0])
    second = sign_trust(trust(2, keys[1]), keys[1])
    assert followed(first, (both, second)).policy_keys == (keys[1].public.hex(),)
    assert followed(first, (both, both, second, both)[:3]).version == 2
    with pytest.raises(UnauthenticatedError):
        followed(first, (second,))
    with pytest.raises(UnauthenticatedError):
        followed(followed(first, (both, second)), (sign_trust(trust(3, keys[0]), keys[0]),))
    with pytest.raises(ConflictError, match="expected the document of whom to trust 1, found 2"):
        followed(first, (sign_trust(trust(2, keys[0]), keys[0]),))
    with pytest.raises(UnauthenticatedError):
        followed(first, (SignedTrust(both.content + b" ", both.signature),))
    for bent in (trust(1), trust(1, keys[0], ca_pem="")):
        with pytest.raises(DamagedError):
            followed(first, (sign_trust(bent, keys[0]),))
    # A signature of another kind of message passes for none of these.
    with pytest.raises(UnauthenticatedError):
        followed(first, (SignedTrust(both.content, keys[0].sign(both.content)),))


@served
async def test_24_a_step_that_cannot_be_audited_is_not_taken(server: Server, tmp: Path) -> None:
    async with without_audit(server):
        assert (await _step(server, "ca", "rotate")).status_code >= 500
    assert (await server.request("GET", "/api/v1/keys")).json()["items"][0]["phase"] is None


@served
async def test_24_steps_come_in_their_order(server: Server, tmp: Path) -> None:
    for subject in SUBJECTS:
        for verb in ("switch", "retire", "cancel"):
            assert (await _step(server, subject, verb)).status_code == 409
        await _done(server, subject, "rotate")
        assert (await _step(server, subject, "rotate")).status_code == 409
        assert (await _step(server, subject, "retire")).status_code == 409
        await _done(server, subject, "cancel")
        await _done(server, subject, "rotate")
        await _done(server, subject, "switch")
        for verb in ("rotate", "switch", "cancel"):
            assert (await _step(server, subject, verb)).status_code == 409
        await _done(server, subject, "retire")
    assert (await _step(server, "vault", "rotate")).status_code == 404
    chain = await server.request("GET", "/bootstrap/v1/trust")
    assert [msgspec.json.decode(one["content"])["version"] for one in chain.json()] == list(range(1, 9))


@served
async def test_24_a_rotation_that_is_forgotten_and_keys_from_an_old_backup_are_told(server: Server, tmp: Path) -> None:
    async def check() -> dict[str, Any]:
        checks = (await server.request("GET", "/api/v1/health")).json()["checks"]
        return next(dict(one) for one in checks if one["name"] == "keys")

    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    assert (await check())["status"] == "ok"
    await _done(server, "ca", "rotate")
    server.clock.advance(timedelta(days=15))
    assert ((await check())["status"], "1 behind" in (await check())["detail"]) == ("warning", True)
    server.app.envoys.index.get("web-1").trust_version = 9
    assert "older backup" in (await check())["advice"]
    await machine.connection.close()


class _KilledError(Exception):
    pass


def _killed_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> Callable[[], int]:
    """Have the n-th thing that is written or renamed be the last one; return how many there were."""
    done = itertools.count()
    count = 0
    write, replace = keyring_module.write_atomically, Path.replace

    def noted() -> None:
        nonlocal count
        count = next(done) + 1
        if count > moment:
            raise _KilledError

    def writing(path: Path, content: bytes, mode: int = 0o600) -> None:
        noted()
        write(path, content, mode)

    def replacing(self: Path, target: Any) -> Any:
        if self.parent.name == "keys" and not self.name.startswith("."):
            noted()
        return replace(self, target)

    monkeypatch.setattr(keyring_module, "write_atomically", writing)
    monkeypatch.setattr(Path, "replace", replacing)
    return lambda: count


def _chain(keyring: Keyring, start: Trust) -> Trust:
    """Return whom an agent trusts that followed from the beginning."""
    return followed(start, keyring.documents_after(0))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_24_killed_at_any_moment_of_a_rotation_the_next_start_goes_on_with_keys_that_agents_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subject: Subject
) -> None:
    clock = FakeClock()
    kills = 0
    for steps in range(3):
        for moment in itertools.count():
            folder = DataFolder(tmp_path / f"{subject}-{steps}-{moment}")
            make_root(folder)
            initialise(folder, clock)
            keyring = Keyring(folder, clock)
            start = keyring.trust
            every = (keyring.begin, keyring.switch, keyring.retire)
            for step in every[:steps]:
                step(subject)
            before = (keyring.present_of(subject), keyring.next_of(subject))
            with monkeypatch.context() as patched:
                _killed_at(patched, moment)
                try:
                    every[steps](subject)
                except _KilledError:
                    kills += 1
                else:
                    break
            anew = Keyring(folder, clock)
            trust = _chain(anew, start)
            assert trust.policy_keys == anew.trust.policy_keys
            assert anew.public.hex() in trust.policy_keys
            cas = set(map(fingerprint_of, certificates_in(trust.ca_pem)))
            assert {anew.presenting.sha256, anew.issuing.sha256} <= cas
            assert anew.present_of(subject) in before
            for rest in (anew.begin, anew.switch, anew.retire):
                try:
                    rest(subject)
                except ConflictError:
                    continue
            last = _chain(Keyring(folder, clock), start)
            assert len(certificates_in(last.ca_pem)) + len(last.policy_keys) in (2, 3)
    assert kills > 6


def test_24_a_document_that_is_damaged_or_gone_stops_the_start(tmp_path: Path) -> None:
    clock = FakeClock()
    folder = DataFolder(tmp_path / "data")
    make_root(folder)
    initialise(folder, clock)
    keyring = Keyring(folder, clock)
    keyring.begin("ca")
    keyring.switch("ca")
    keyring.retire("ca")
    first = folder.trust / "0001.json"
    kept = first.read_bytes()
    for content in (b"", b"{}", kept[:50], kept.replace(b"signature", b"signatura")):
        first.write_bytes(content)
        with pytest.raises(DamagedError, match=r"0001\.json"):
            Keyring(folder, clock)
    first.unlink()
    with pytest.raises(DamagedError, match="restore what is missing"):
        Keyring(folder, clock)
    first.write_bytes(kept)
    assert Keyring(folder, clock).trust == keyring.trust


def test_24_a_server_that_was_killed_between_two_renames_starts(tmp_path: Path) -> None:
    from vigo.server.app import make_server_certificate  # noqa: PLC0415 - what a start does first
    from vigo.server.platform.settings.model import CurrentSettings, Settings  # noqa: PLC0415 - the same

    clock, folder = FakeClock(), DataFolder(tmp_path / "data")
    make_root(folder)
    initialise(folder, clock)
    keyring = Keyring(folder, clock)
    keyring.begin("ca")
    keyring.switch("ca")
    following = keyring.issuing.sha256
    with pytest.MonkeyPatch.context() as patched:
        # The fourth thing that retiring the CA does is the second rename: the certificate is not in its place yet.
        _killed_at(patched, 3)
        with pytest.raises(_KilledError):
            keyring.retire("ca")
    assert folder.next_ca_certificate.exists()
    assert not folder.next_ca_key.exists()
    make_server_certificate(folder, CurrentSettings(Settings()), clock, ("vigo.example.com",))
    assert Keyring(folder, clock).presenting.sha256 == following


def test_24_documents_that_prove_nothing_change_nothing_and_are_no_refusal(tmp_path: Path) -> None:
    with FakeServer() as server:
        agent = Agent(server, IdentityFolder(tmp_path / "state"))
        server.publish(policy("one\n"), 1)
        thief = SigningKey.generate()
        now, pem = FakeClock().now(), agent.folder.ca_pem()
        forged = sign_trust(Trust(version=1, issued_at=now, ca_pem=pem, policy_keys=(thief.public.hex(),)), thief)

        def forging(method: str, request: SignedRequest) -> bytes | None:
            del request
            return CheckInAnswer(trust=(forged,)).to_bytes() if method == Methods.CHECK_IN else None

        assert agent.cycle().delivered
        server.intercept = forging
        report = agent.cycle()
        assert (report.refused, report.offline) == (False, False)
        assert report.run is not None
        assert agent.folder.load().policy_keys == agent.identity.policy_keys


@served
async def test_24_an_envoy_of_before_cas_could_be_replaced_comes_back_too(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    record = server.app.envoys.index.get("web-1")
    for verb in ("rotate", "switch", "retire"):
        record.certificate_ca = None  # as the migration of the database leaves it
        await _done(server, "ca", verb, force=True)
    assert _is_good(await _cycle(machine))


def test_24_keys_that_are_partly_of_an_older_backup_stop_the_start(tmp_path: Path) -> None:
    clock, folder = FakeClock(), DataFolder(tmp_path / "data")
    make_root(folder)
    initialise(folder, clock)
    old = {path: path.read_bytes() for path in (folder.ca_key, folder.ca_certificate, folder.policy_key)}
    keyring = Keyring(folder, clock)
    for subject in SUBJECTS:
        for step in (keyring.begin, keyring.switch, keyring.retire):
            step(subject)
    count = len(keyring.documents_after(0))
    for restored in ((folder.policy_key,), (folder.ca_key, folder.ca_certificate)):
        new = {path: path.read_bytes() for path in restored}
        for path in restored:
            path.write_bytes(old[path])
        with pytest.raises(DamagedError, match="restore all of the newest one"):
            Keyring(folder, clock)
        for path, content in new.items():
            path.write_bytes(content)
    assert len(Keyring(folder, clock).documents_after(0)) == count


@pytest.mark.parametrize("subject", SUBJECTS)
def test_24_what_agents_were_told_of_is_never_taken_for_a_leftover(tmp_path: Path, subject: Subject) -> None:
    clock, folder = FakeClock(), DataFolder(tmp_path / "data")
    make_root(folder)
    initialise(folder, clock)
    keyring = Keyring(folder, clock)
    keyring.begin(subject)
    keyring.switch(subject)
    kept = folder.rotations.read_bytes()
    folder.rotations.unlink()
    with pytest.raises(DamagedError, match="does not say why it is there"):
        Keyring(folder, clock)
    folder.rotations.write_bytes(kept)
    assert Keyring(folder, clock).next_of(subject) == keyring.next_of(subject)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_24_killed_at_any_moment_of_cancelling_it_is_cancelled_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subject: Subject
) -> None:
    clock = FakeClock()
    for moment in itertools.count():
        folder = DataFolder(tmp_path / str(moment))
        make_root(folder)
        initialise(folder, clock)
        keyring = Keyring(folder, clock)
        start = keyring.trust
        keyring.begin(subject)
        with monkeypatch.context() as patched:
            _killed_at(patched, moment)
            try:
                keyring.cancel(subject)
            except _KilledError:
                pass
            else:
                break
        anew = Keyring(folder, clock)
        assert _chain(anew, start) == anew.trust
        assert (anew.rotation(subject) is None) == (anew.next_of(subject) is None)
        if anew.rotation(subject) is not None:
            anew.cancel(subject)
        assert anew.trust.policy_keys == start.policy_keys
        assert anew.trust.ca_pem == start.ca_pem
    assert moment >= 3
