"""The CA and the policy key of a server, and how each is replaced while machines are away, at work and coming back.

A rotation has three steps. *Begin* makes the next one and has agents trust both. *Switch* issues and signs with the
next one. *Retire* has agents trust the next one alone. What agents trust stands in documents that follow each other
(`vigo.core.trust`); all of them are kept, so that an agent that was off for all of it can follow.

Each step is written down first and then done, and what was written down is done again at the next start.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import ConflictError, DamagedError
from vigo.core.signing import Signer, SigningKey
from vigo.core.trust import (
    MOST_DOCUMENTS,
    SignedTrust,
    Trust,
    certificates_in,
    fingerprint_of,
    sign_trust,
)
from vigo.server.platform.folder.files import make_private_folder, sync_folder, write_atomically
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key

Subject = Literal["ca", "policy"]
Phase = Literal["begun", "switched", "retiring", "cancelling"]

SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """How far something is replaced. `version` is the document by which agents know of the next one."""

    phase: Phase
    begun_at: datetime
    version: int


class _Stored(msgspec.Struct, frozen=True):
    content: str
    signature: str


class Keyring:
    """What a server signs with. It is changed by one caller at a time."""

    def __init__(self, folder: DataFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._rotations = _read_rotations(folder.rotations)
        self._documents = _read_documents(folder.trust)
        self._reconcile()
        first = msgspec.json.decode(self._documents[0].content, type=Trust) if self._documents else self._trust
        self._first_cas = {fingerprint_of(pem) for pem in certificates_in(first.ca_pem)[:1]}

    @property
    def presenting(self) -> Authority:
        """The CA of this server's own certificate, which enrolling machines pin: the one that all agents trust."""
        return self._present_ca

    @property
    def issuing(self) -> Authority:
        """The CA of the certificates that envoys get now."""
        return self._present_ca if self._next_ca is None or not self._is_switched("ca") else self._next_ca

    @property
    def signer(self) -> Signer:
        """What signs policies and orders now."""
        if self._next_policy_key is not None and self._is_switched("policy"):
            return self._next_policy_key
        return self._policy_key

    @property
    def public(self) -> bytes:
        """The public key of what signs policies and orders now."""
        return self.signer.public

    def sign(self, message: bytes) -> bytes:
        """Return a signature of what signs policies and orders now, so that this may stand for it."""
        return self.signer.sign(message)

    @property
    def next_ca_ends_at(self) -> datetime | None:
        """When the next CA's certificate ends, where there is one."""
        return None if self._next_ca is None else self._next_ca.not_after

    @property
    def trust(self) -> Trust:
        """Whom agents trust by the newest document, or since `init`."""
        return self._trust

    @property
    def is_replacing_ca(self) -> bool:
        """Whether envoys are to get certificates of the next CA now."""
        return self._is_switched("ca")

    def next_of(self, subject: Subject) -> str | None:
        """Return the fingerprint of what takes the place of the present one, if something does."""
        if subject == "ca":
            return None if self._next_ca is None else self._next_ca.sha256
        return None if self._next_policy_key is None else self._next_policy_key.public.hex()

    def present_of(self, subject: Subject) -> str:
        """Return the fingerprint of the present one."""
        return self._present_ca.sha256 if subject == "ca" else self._policy_key.public.hex()

    def has_retired(self, ca: str | None) -> bool:
        """Return whether envoys no longer get in with certificates of a CA. None is the one that was here first."""
        present = {one.sha256 for one in (self._present_ca, self._next_ca) if one is not None}
        return ca not in present if ca is not None else not present >= self._first_cas

    def documents_after(self, version: int) -> tuple[SignedTrust, ...]:
        """Return the documents that follow a version, in their order."""
        return tuple(self._documents[version : version + MOST_DOCUMENTS]) if version >= 0 else ()

    def rotation(self, subject: Subject) -> Rotation | None:
        """Return how far something is replaced, or None where it is not."""
        return self._rotations.get(subject)

    def begin(self, subject: Subject) -> None:
        """Make the next one, and have agents trust both.

        Raises:
            ConflictError: it is being replaced already.
        """
        if subject in self._rotations:
            raise ConflictError(
                f"the {_told(subject)} is being replaced already; `vigocli keys list` says how far that is"
            )
        if subject == "ca":
            _once(self._folder.next_ca_key, new_key)
            _once(self._folder.next_ca_certificate, self._next_certificate)
        else:
            _once(self._folder.next_policy_key, lambda: SigningKey.generate().to_hex().encode() + b"\n")
        version = self._trust.version + 1
        self._note(subject, Rotation(phase="begun", begun_at=self._clock.now(), version=version))

    def switch(self, subject: Subject) -> None:
        """Sign with the next one from now on.

        Raises:
            ConflictError: there is no next one, or it signs already.
        """
        rotation = self._in_phase(subject, "begun", f"`vigocli keys rotate {subject}` makes the next one")
        self._note(subject, msgspec.structs.replace(rotation, phase="switched"))

    def retire(self, subject: Subject) -> None:
        """Have agents trust the next one alone, which is the present one then.

        Raises:
            ConflictError: the next one does not sign yet.
        """
        rotation = self._in_phase(subject, "switched", f"`vigocli keys switch {subject}` comes first")
        self._note(subject, msgspec.structs.replace(rotation, phase="retiring"))

    def cancel(self, subject: Subject) -> None:
        """Have agents forget the next one.

        Raises:
            ConflictError: there is none, or it signs already.
        """
        rotation = self._in_phase(subject, "begun", "once it was switched the way is on")
        self._note(subject, msgspec.structs.replace(rotation, phase="cancelling"))

    def _in_phase(self, subject: Subject, phase: Phase, advice: str) -> Rotation:
        rotation = self._rotations.get(subject)
        if rotation is None or rotation.phase != phase:
            found = "none is under way" if rotation is None else f"it is {rotation.phase}"
            raise ConflictError(f"expected a rotation of the {_told(subject)} that is {phase}, and {found}; {advice}")
        return rotation

    def _is_switched(self, subject: Subject) -> bool:
        return self._is_in(subject, "switched", "retiring")

    def _note(self, subject: Subject, rotation: Rotation) -> None:
        self._rotations[subject] = rotation
        self._store_rotations()
        self._reconcile()

    def _reconcile(self) -> None:
        """Do what was written down: the document of whom to trust, and the files of what is retired."""
        self._load()
        self._document()
        for subject in [one for one in SUBJECTS if self._is_in(one, "retiring", "cancelling")]:
            if self._is_in(subject, "retiring"):
                self._take_place(subject)
            self._drop_next(subject)
            del self._rotations[subject]
            self._store_rotations()
        self._load()
        pem = "".join(one.pem for one in (self._present_ca, self._next_ca) if one is not None)
        if not self._folder.client_cas.exists() or self._folder.client_cas.read_bytes() != pem.encode():
            write_atomically(self._folder.client_cas, pem.encode())

    def _load(self) -> None:
        folder, clock = self._folder, self._clock
        for subject in SUBJECTS:
            if subject not in self._rotations:
                self._drop_unannounced(subject)
        # A retirement that was cut off between two renames has the key in its place and the certificate not yet.
        key = folder.next_ca_key if folder.next_ca_key.exists() else folder.ca_key
        self._next_ca = (
            Authority.load(key, folder.next_ca_certificate, clock) if folder.next_ca_certificate.exists() else None
        )
        if self._next_ca is not None and key == folder.ca_key:
            self._present_ca = self._next_ca
        else:
            self._present_ca = Authority.load(folder.ca_key, folder.ca_certificate, clock)
        self._policy_key = SigningKey.load(folder.policy_key)
        self._next_policy_key = SigningKey.load(folder.next_policy_key) if folder.next_policy_key.exists() else None
        self._trust = self._newest()

    def _drop_unannounced(self, subject: Subject) -> None:
        """Remove what a rotation left behind that was killed before it was written down.

        Raises:
            DamagedError: agents were told of it: it is no leftover, what says how far it is has got lost.
        """
        folder, told = self._folder, "" if not self._documents else self._documents[-1].content.decode()
        path = folder.next_ca_certificate if subject == "ca" else folder.next_policy_key
        if not path.exists():
            return
        key = path.read_bytes() if subject == "ca" else SigningKey.load(path).public.hex().encode()
        if msgspec.json.encode(key.decode("ascii", errors="replace"))[1:-1].decode() in told:
            raise DamagedError(
                f"{path}: agents trust it, and {folder.rotations} does not say why it is there; restore that file from"
                " a backup"
            )
        self._drop_next(subject)

    def _drop_next(self, subject: Subject) -> None:
        folder = self._folder
        if subject == "ca":
            folder.next_ca_certificate.unlink(missing_ok=True)
            folder.next_ca_key.unlink(missing_ok=True)
        else:
            folder.next_policy_key.unlink(missing_ok=True)

    def _newest(self) -> Trust:
        if not self._documents:
            return Trust(
                version=0,
                issued_at=self._clock.now(),
                ca_pem=self._present_ca.pem,
                policy_keys=(self._policy_key.public.hex(),),
            )
        return msgspec.json.decode(self._documents[-1].content, type=Trust)

    def _document(self) -> None:
        """Write the document that says whom agents are to trust now, where the newest one says something else."""
        next_ca = None if self._is_in("ca", "cancelling") else self._next_ca
        next_key = None if self._is_in("policy", "cancelling") else self._next_policy_key
        cas = [self._present_ca] if not self._is_in("ca", "retiring") else []
        cas += [next_ca] if next_ca is not None and next_ca not in cas else []
        keys = [self._policy_key] if not self._is_in("policy", "retiring") or next_key is None else []
        keys += [next_key] if next_key is not None else []
        wanted = msgspec.structs.replace(
            self._trust,
            ca_pem="".join(one.pem for one in cas or [self._present_ca]),
            policy_keys=tuple(key.public.hex() for key in keys),
        )
        if wanted == self._trust:
            return
        self._check_belongs()
        wanted = msgspec.structs.replace(wanted, version=self._trust.version + 1, issued_at=self._clock.now())
        signed = sign_trust(wanted, self.signer)
        make_private_folder(self._folder.trust)
        stored = _Stored(signed.content.decode(), signed.signature.hex())
        write_atomically(self._folder.trust / f"{wanted.version:04}.json", msgspec.json.encode(stored))
        self._documents.append(signed)
        self._trust = wanted

    def _check_belongs(self) -> None:
        """Accept keys that agents trust by the newest document.

        Raises:
            DamagedError: they are of before: a document that they sign would be followed by nobody.
        """
        trusted = {fingerprint_of(pem) for pem in certificates_in(self._trust.ca_pem)}
        if self._present_ca.sha256 not in trusted or self.signer.public.hex() not in self._trust.policy_keys:
            raise DamagedError(
                f"{self._folder.keys}: expected the CA and the policy key that agents trust by document"
                f" {self._trust.version}, found others: a part of this folder is of an older backup; restore all of the"
                " newest one"
            )

    def _is_in(self, subject: Subject, *phases: Phase) -> bool:
        rotation = self._rotations.get(subject)
        return rotation is not None and rotation.phase in phases

    def _take_place(self, subject: Subject) -> None:
        folder = self._folder
        moves = {
            "ca": ((folder.next_ca_key, folder.ca_key), (folder.next_ca_certificate, folder.ca_certificate)),
            "policy": ((folder.next_policy_key, folder.policy_key),),
        }
        for source, target in moves[subject]:
            if source.exists():
                source.replace(target)
                sync_folder(folder.keys)

    def _next_certificate(self) -> bytes:
        name = f"Vigo CA {secrets.token_hex(4)}"
        return ca_certificate(self._folder.next_ca_key.read_bytes(), self._clock.now(), name)

    def _store_rotations(self) -> None:
        write_atomically(self._folder.rotations, msgspec.json.encode(self._rotations) + b"\n")


def _told(subject: Subject) -> str:
    return "CA" if subject == "ca" else "policy key"


def _once(path: Path, content: Callable[[], bytes]) -> None:
    if not path.exists():
        write_atomically(path, content())


def _read_rotations(path: Path) -> dict[Subject, Rotation]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[Subject, Rotation])
    except FileNotFoundError:
        return {}
    except NOT_DECODED as error:
        raise DamagedError(
            f"{path}: expected how far keys are replaced, found something else ({error}); restore it from a backup"
        ) from error


def _read_documents(folder: Path) -> list[SignedTrust]:
    if not folder.is_dir():
        return []
    found = []
    for number, path in enumerate(sorted(folder.glob("[0-9]*.json")), start=1):
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
            content = stored.content.encode()
            version = msgspec.json.decode(content, type=Trust).version
            found.append(SignedTrust(content, bytes.fromhex(stored.signature)))
        except (*NOT_DECODED, ValueError) as error:
            raise DamagedError(
                f"{path}: expected whom agents trust, found something else ({error}); restore it from a backup"
            ) from error
        if version != number:
            raise DamagedError(
                f"{path}: expected document {number} of whom agents trust, found {version}; restore what is missing"
                " from a backup"
            )
    return found
