"""Every setting of `vigosrv`: its type, its default, what it means and whether a reload applies it."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    TEXT = "text"
    JSON = "json"


class SecretsBackend(StrEnum):
    """Where the values of secrets are kept."""

    LOCAL = "local"
    OPENBAO = "openbao"
    FILES = "files"


class VaultKeySource(StrEnum):
    """Where the key of the local vault comes from."""

    FILE = "file"
    CREDENTIAL = "credential"
    PASSPHRASE = "passphrase"  # noqa: S105 - a word of the settings


class Explained(NamedTuple):
    """What `server.yaml` says about a setting. A setting with a least value refuses anything below it."""

    text: str
    needs_restart: bool = False
    least: int | timedelta | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `server.yaml`, or the defaults where it says nothing."""

    grpc_listen: Annotated[
        str,
        Explained(
            "Where agents call, as HOST:PORT. Mutual TLS; nobody without a certificate of this server's CA gets in.\n"
            "Agents are other machines, so the default listens on all addresses.",
            needs_restart=True,
        ),
    ] = "0.0.0.0:1530"
    api_listen: Annotated[
        str,
        Explained(
            "Where people, `vigocli` and enrolling machines call, as HOST:PORT. HTTPS; all but enrolment and\n"
            "/healthz needs a token. Enrolling machines need it too, so the default listens on all addresses.",
            needs_restart=True,
        ),
    ] = "0.0.0.0:8443"
    public_addresses: Annotated[
        tuple[str, ...],
        Explained(
            "What agents are told to dial, as HOST or HOST:PORT, tried in this order. Empty: this machine's full\n"
            "name and the real port; on loopback 127.0.0.1."
        ),
    ] = ()
    server_names: Annotated[
        tuple[str, ...],
        Explained(
            "Further host names and IP addresses for the server's certificate. The machine's names, localhost and\n"
            "the public addresses are in it already. The certificate is made anew when the names change."
        ),
    ] = ()
    check_in_interval: Annotated[timedelta, Explained("How often an agent calls.", least=timedelta(seconds=1))] = (
        timedelta(minutes=5)
    )
    envoy_certificate_lifetime: Annotated[
        timedelta,
        Explained(
            "How long an envoy's certificate holds. Agents renew it at two thirds; how a machine comes back that was\n"
            "off for longer, lapsed_envoys_return_within says.",
            least=timedelta(minutes=1),
        ),
    ] = timedelta(days=30)
    server_certificate_lifetime: Annotated[
        timedelta,
        Explained("How long the server's own certificate holds. It renews itself.", least=timedelta(hours=1)),
    ] = timedelta(days=90)
    bundle_max_age: Annotated[
        timedelta,
        Explained(
            "How long an agent that cannot reach the server goes on applying the policy that it has; after that it\n"
            "changes nothing and says so. 0s: for ever. It holds for policies that are given out from then on.",
            least=timedelta(0),
        ),
    ] = timedelta(0)
    diverged_after_runs: Annotated[
        int,
        Explained("After how many runs in a row with changes an envoy counts as diverged.", least=1),
    ] = 3
    keep_runs_count: Annotated[
        int, Explained("How many runs are kept for each envoy. The latest is always kept.", least=1)
    ] = 100
    keep_runs_for: Annotated[
        timedelta, Explained("How long runs are kept. The latest is always kept.", least=timedelta(minutes=1))
    ] = timedelta(days=90)
    keep_recordings_for: Annotated[
        timedelta,
        Explained("How long it is kept who had sessions on machines, and what was shown.", least=timedelta(minutes=1)),
    ] = timedelta(days=90)
    max_message_bytes: Annotated[
        int,
        Explained("The largest message that an agent may send.", needs_restart=True, least=64 * 1024),
    ] = 16 * 1024 * 1024
    requests_per_minute: Annotated[
        int,
        Explained(
            "How many requests one access token, or one person's session, may send in a minute. The host's root is\n"
            "not counted.",
            least=10,
        ),
    ] = 3000
    session_idle_limit: Annotated[
        timedelta,
        Explained("How long somebody stays signed in to the pages who does nothing.", least=timedelta(minutes=1)),
    ] = timedelta(hours=1)
    session_limit: Annotated[
        timedelta,
        Explained("How long somebody stays signed in to the pages at most.", least=timedelta(minutes=1)),
    ] = timedelta(hours=12)
    enrolment_failures_per_minute: Annotated[
        int,
        Explained("How many refused enrolments one address may cause in a minute before it has to wait.", least=1),
    ] = 30
    most_waiting_enrolments: Annotated[
        int,
        Explained(
            "How many machines may wait for somebody's approval to be let in without a token. 0: a token it must be.",
            least=0,
        ),
    ] = 1000
    lapsed_envoys_return_within: Annotated[
        timedelta,
        Explained(
            "For how long after its certificate ended an envoy gets another one by proving that it has its signing\n"
            "key. After that it takes `vigo enroll --force` with a token. 0s: at once.",
            least=timedelta(0),
        ),
    ] = timedelta(days=180)
    secrets_backend: Annotated[
        SecretsBackend,
        Explained(
            "Where the values of secrets are kept: local (encrypted in this data folder), openbao (OpenBao or Vault),\n"
            "or files (plain files, for trying things out).",
            needs_restart=True,
        ),
    ] = SecretsBackend.LOCAL
    vault_key: Annotated[
        VaultKeySource,
        Explained(
            "Where the key of the local vault comes from: file (keys/vault.key), credential (of systemd, named\n"
            "vigo-vault-key), or passphrase (asked for at the start, or in VIGO_VAULT_PASSPHRASE).",
            needs_restart=True,
        ),
    ] = VaultKeySource.FILE
    openbao_address: Annotated[
        str, Explained("Where OpenBao or Vault is, as https://HOST:PORT.", needs_restart=True)
    ] = ""
    openbao_mount: Annotated[str, Explained("The mount of its key-value store, version 2.", needs_restart=True)] = (
        "secret"
    )
    openbao_role_id: Annotated[str, Explained("The role id of Vigo's AppRole there.", needs_restart=True)] = ""
    openbao_secret_id_file: Annotated[
        str, Explained("The file with the secret id of that AppRole; it is read at each log-in.", needs_restart=True)
    ] = ""
    openbao_ca_file: Annotated[
        str, Explained("The CA that its certificate is from; empty: those of the system.", needs_restart=True)
    ] = ""
    secrets_folder: Annotated[
        str, Explained("The folder of plain files, where secrets_backend is files.", needs_restart=True)
    ] = ""
    log_level: Annotated[LogLevel, Explained("debug, info, warning or error.")] = LogLevel.INFO
    log_format: Annotated[LogFormat, Explained("text, or json for a log collector.", needs_restart=True)] = (
        LogFormat.TEXT
    )


class CurrentSettings:
    """The settings in force. A reload replaces the value; who needs one reads it at that moment."""

    def __init__(self, value: Settings) -> None:
        self.value = value
