"""An editor as far as a language server sees one: it starts `vigocli config lsp` and speaks the protocol with it."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

LIMIT_SECONDS: Final = 60
"""How long an answer may take before the server counts as hung; nothing waits so long where all is well."""

Message = dict[str, Any]


class Editor:
    """Talks to one server. What it is told without having asked is kept until somebody waits for it."""

    def __init__(self, folder: Path, *arguments: str, capabilities: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.stray: list[Message] = []
        self._capabilities = dict(capabilities or {})
        self._next_id = 0
        self._versions: dict[str, int] = {}
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._log = (folder.parent / f"{folder.name}.log").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vigo.cli.main", "config", "lsp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        folders = [{"uri": self.folder.as_uri(), "name": self.folder.name}]
        asked = {"processId": None, "rootUri": self.folder.as_uri(), "workspaceFolders": folders}
        self.answer = self.ask("initialize", {**asked, "capabilities": self._capabilities})
        self.tell("initialized", {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        elif self._process.poll() is None:
            self.ask("shutdown", None)
            self.tell("exit", None)
        self.end()

    def end(self) -> int:
        """Hang up; return the exit status."""
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        status = self._process.wait(LIMIT_SECONDS)
        self._reader.join(LIMIT_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        return status

    def log(self) -> str:
        """Return what the server wrote to standard error."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> None:
        self._versions[name] = 1
        document = {"uri": self.uri(name), "languageId": "vgo", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def write(self, name: str, text: str) -> None:
        """Put another text in place of the whole document."""
        self._versions[name] += 1
        document = {"uri": self.uri(name), "version": self._versions[name]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def close(self, name: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def at(self, what: str, name: str, line: int, character: int) -> Any:
        """Ask about a place: completion, hover or definition."""
        place = {"textDocument": {"uri": self.uri(name)}, "position": {"line": line, "character": character}}
        return self.ask(f"textDocument/{what}", place)

    def labels(self, name: str, line: int, character: int) -> list[str]:
        return [one["label"] for one in self.at("completion", name, line, character)["items"]]

    def findings(self, name: str) -> list[Message]:
        """Return what is found next in a file."""
        found: list[Message] = self.told("textDocument/publishDiagnostics", self.uri(name))["diagnostics"]
        return found

    def told(self, method: str, uri: str) -> Message:
        """Return what is told next about a file without being asked for."""
        while True:
            for message in self.stray:
                if message.get("method") == method and message["params"]["uri"] == uri:
                    self.stray.remove(message)
                    params: Message = message["params"]
                    return params
            self._keep(self._receive())

    def ask(self, method: str, params: Any) -> Any:
        self._next_id += 1
        self._send({"id": self._next_id, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._next_id and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._keep(message)

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _keep(self, message: Message) -> None:
        if "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        self.stray.append(message)

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _receive(self) -> Message:
        message = self._inbox.get(timeout=LIMIT_SECONDS)
        assert message is not None, f"the server ended: {self.log()}"
        return message

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            header = b""
            while not header.endswith(b"\r\n\r\n"):
                byte = stream.read(1)
                if not byte:
                    self._inbox.put(None)
                    return
                header += byte
            # Anything that is not the protocol would break here.
            fields = dict(line.split(b": ", 1) for line in header.strip().split(b"\r\n"))
            self._inbox.put(json.loads(stream.read(int(fields[b"Content-Length"]))))
