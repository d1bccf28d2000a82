"""Where everything stands in a server's data folder."""

from pathlib import Path

import msgspec


class DataFolder(msgspec.Struct, frozen=True):
    """The data folder of one server. Nothing here touches the disk."""

    root: Path

    @property
    def settings(self) -> Path:
        """`server.yaml`."""
        return self.root / "server.yaml"

    @property
    def notifications(self) -> Path:
        """`notify.yaml`: who is told of what."""
        return self.root / "notify.yaml"

    @property
    def stacks(self) -> Path:
        """What operators edit; the server reads it only to validate and to publish."""
        return self.root / "stacks"

    @property
    def live(self) -> Path:
        """The published generations."""
        return self.root / ".live"

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.root / "vigo.db"

    @property
    def admin_token(self) -> Path:
        """The token by which the host's own root uses `vigocli`, new at every start."""
        return self.root / "admin.token"

    @property
    def keys(self) -> Path:
        """Everything secret but the admin token."""
        return self.root / "keys"

    @property
    def ca_key(self) -> Path:
        """The CA's private key."""
        return self.keys / "ca.key"

    @property
    def ca_certificate(self) -> Path:
        """The CA's certificate."""
        return self.keys / "ca.pem"

    @property
    def service_ca_key(self) -> Path:
        """The private key of the CA for services on machines. No agent trusts it."""
        return self.keys / "service-ca.key"

    @property
    def service_ca_certificate(self) -> Path:
        """The certificate of the CA for services."""
        return self.keys / "service-ca.pem"

    @property
    def server_pem(self) -> Path:
        """The server's certificate and its key in one file, so that both are always of one renewal."""
        return self.keys / "server.pem"

    @property
    def policy_key(self) -> Path:
        """The ed25519 key that signs bundles."""
        return self.keys / "policy.key"

    @property
    def next_ca_key(self) -> Path:
        """The private key of the CA that takes the place of the present one, while that is under way."""
        return self.keys / "ca-next.key"

    @property
    def next_ca_certificate(self) -> Path:
        """The certificate of that CA."""
        return self.keys / "ca-next.pem"

    @property
    def next_policy_key(self) -> Path:
        """The policy key that takes the place of the present one, while that is under way."""
        return self.keys / "policy-next.key"

    @property
    def client_cas(self) -> Path:
        """The certificates of all CAs that envoys may have theirs from; made of the others."""
        return self.keys / "client-cas.pem"

    @property
    def rotations(self) -> Path:
        """How far the CA and the policy key are replaced."""
        return self.keys / "rotations.json"

    @property
    def trust(self) -> Path:
        """The documents of whom agents trust, from the first on."""
        return self.keys / "trust"

    @property
    def master_key(self) -> Path:
        """The key under which recordings of sessions are encrypted."""
        return self.keys / "master.key"

    @property
    def vault_key(self) -> Path:
        """The key under which the secrets of the local vault are encrypted."""
        return self.keys / "vault.key"

    @property
    def vault_salt(self) -> Path:
        """What makes the vault's key of a passphrase, together with it."""
        return self.keys / "vault.salt"

    @property
    def secrets(self) -> Path:
        """The local vault: a file for each secret, encrypted."""
        return self.root / "secrets"

    @property
    def server_id(self) -> Path:
        """The server's identity. Written last by `init`: where it stands, everything else does."""
        return self.keys / "server.id"

    @property
    def recordings(self) -> Path:
        """What was shown in sessions on machines, encrypted."""
        return self.root / "recordings"

    @property
    def packages(self) -> Path:
        """The agent and what it needs, as wheels, for machines that have nothing yet."""
        return self.root / "packages"

    @property
    def run(self) -> Path:
        """What belongs to the running process."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Held by the one process that uses this folder."""
        return self.run / "lock"

    @property
    def running(self) -> Path:
        """`server.json`: where the running process listens, for `vigocli`."""
        return self.run / "server.json"

    def own_names(self) -> frozenset[str]:
        """Return the names that may stand in the folder."""
        paths = (
            self.settings,
            self.stacks,
            self.live,
            self.database,
            self.admin_token,
            self.keys,
            self.recordings,
            self.secrets,
            self.packages,
            self.run,
        )
        database = self.database.name
        return frozenset(path.name for path in paths) | {f"{database}-wal", f"{database}-shm", "lost+found"}
