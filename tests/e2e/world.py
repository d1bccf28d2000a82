"""A server and envoys as processes on loopback, each in a folder of its own, and what an operator does with them."""

import json
import signal
import ssl
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.e2e.processes import BIN, Background, Ended, call, call_well


class Server:
    """`vigosrv` on a data folder, and `vigocli` as its admin. A restart listens on the same ports.

    `prefix` stands before the program. Where only that sees the data folder, `seen_from_here` is its path for others.
    """

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self.folder = folder
        self.data = folder / "server"
        self.prefix = tuple(prefix)
        self.seen_from_here = self.data
        self.process: Background
        self.grpc = self.api = "127.0.0.1:0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    @property
    def stacks(self) -> Path:
        return self.seen_from_here / "stacks"

    @property
    def _inside(self) -> tuple[str, ...]:
        """Return what stands before an admin's commands: nothing, but where the data folder is only seen inside."""
        return self.prefix if self.seen_from_here != self.data else ()

    def launch(self) -> Background:
        """Start a process without waiting for it."""
        listen = ("--grpc-listen", self.grpc, "--api-listen", self.api)
        argv = [*self.prefix, BIN / "vigosrv", "run", "--data-dir", self.data, *listen]
        return Background(argv, self.folder, name="vigosrv")

    def start(self) -> None:
        """Start it and return when it serves."""
        self.process = self.launch()
        self.process.until("its ready line", lambda: self.process.out.endswith("\n"))
        words = self.process.out.split()
        assert words[:1] == ["ready"], self.process.out
        found = dict(word.split("=", 1) for word in words[1:])
        self.grpc, self.api = found["grpc"], found["api"].removeprefix("https://")

    def reload(self) -> None:
        """Have it read its settings anew, and return when it has."""
        reloads = self.process.err.count("reloaded")
        self.process.send(signal.SIGHUP)
        self.process.until("a reload", lambda: self.process.err.count("reloaded") > reloads)

    def get(self, path: str) -> Any:
        """Return what the REST API answers."""
        return self._exchange("GET", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return what the REST API answers to a request that makes something."""
        return self._exchange("POST", path, json.dumps(body).encode())

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> Any:
        context = ssl.create_default_context(cafile=str(self.seen_from_here / "keys/ca.pem"))
        token = (self.seen_from_here / "admin.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"https://{self.api}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:  # noqa: S310 - our own https address
            return json.load(answer)

    def cli(self, *arguments: str | Path) -> Ended:
        """Run `vigocli` on the server's host."""
        return call("vigocli", "--data-dir", self.data, *arguments, prefix=self._inside)

    def ask(self, *arguments: str | Path) -> Any:
        """Return what `vigocli ... --json` prints."""
        words = ("--data-dir", self.data, *arguments, "--json")
        return json.loads(call_well("vigocli", *words, prefix=self._inside))

    def write_stacks(self, files: Mapping[str, str]) -> None:
        """Replace the stacks."""
        for path in self.stacks.rglob("*.vgo"):
            path.unlink()
        for name, text in files.items():
            path = self.stacks / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def publish(self, files: Mapping[str, str], message: str = "a test") -> int:
        """Replace the stacks, make them live and return the generation's number."""
        self.write_stacks(files)
        number: int = self.post("/api/v1/generations", {"message": message})["generation"]["number"]
        return number

    def token(self, hostname: str = "*", uses: int = 1) -> dict[str, str]:
        """Make an enrolment token."""
        body = {"hostname": hostname, "ttl_seconds": 3600, "uses": uses}
        made: dict[str, str] = self.post("/api/v1/tokens", body)
        return made

    def runs(self, envoy: str) -> list[dict[str, Any]]:
        """Return an envoy's runs in the order of their arrival."""
        found = self.get(f"/api/v1/runs?envoy={envoy}&limit=500")
        assert found["next_cursor"] is None
        return list(reversed(found["items"]))

    def results(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the results of a run by resource."""
        return {result["id"]: result for result in self.get(f"/api/v1/runs/{run_id}")["results"]}

    def envoy(self, name: str) -> dict[str, Any]:
        """Return what the server knows of an envoy."""
        found: dict[str, Any] = self.get(f"/api/v1/envoys/{name}")
        return found


class Envoy:
    """One machine and its agent.

    Its machine is a folder that stands for a whole file system, or with `is_image=False` this very machine, of which
    policies then name paths below `place` alone.
    """

    def __init__(self, name: str, folder: Path, server: Server, *, is_image: bool = True) -> None:
        self.name = name
        self.server = server
        self.folder = folder / name
        self.place = self.folder / "machine"
        self.state = self.folder / "state"
        self.is_image = is_image
        self.prefix: tuple[str, ...] = ()
        (self.place / "etc").mkdir(parents=True)

    def enrol_words(self, token: Mapping[str, str]) -> list[str | Path]:
        """Return the arguments of its enrolment."""
        target = ["--server", token["server"], "--token", token["token"], "--ca-sha256", token["ca_sha256"]]
        root: list[str | Path] = ["--root", self.place] if self.is_image else []
        return ["enroll", *target, "--hostname", self.name, "--state-dir", self.state, *root]

    def enrol(self, token: Mapping[str, str] | None = None) -> Self:
        """Give it its identity."""
        call_well("vigo", *self.enrol_words(token or self.server.token(self.name)), prefix=self.prefix)
        return self

    def once(self, *options: str) -> Ended:
        """Run one cycle."""
        return call("vigo", "run", "--once", "--state-dir", self.state, *options, prefix=self.prefix)

    def run(self, *options: str, status: int = 0) -> dict[str, Any]:
        """Run one cycle and return what it came to."""
        done = self.once("--json", *options)
        assert done.status == status, done
        return dict(json.loads(done.out))

    def run_in_background(self) -> Background:
        """Start a cycle."""
        argv = [
            *self.prefix,
            BIN / "vigo",
            "run",
            "--once",
            "--json",
            "-v",
            "--state-dir",
            self.state,
        ]
        return Background(argv, self.folder, name="run")

    @contextmanager
    def daemon(self, interval: str | None = "1s") -> Iterator[Background]:
        """Keep it converging, without an interval as often as the server wishes."""
        often = [] if interval is None else ["--interval", interval]
        argv = [*self.prefix, BIN / "vigo", "daemon", "--state-dir", self.state, *often]
        with Background(argv, self.folder, name="daemon") as process:
            yield process

    def status(self) -> dict[str, Any]:
        """Return what the agent says of itself."""
        return dict(json.loads(call_well("vigo", "status", "--state-dir", self.state, "--json", prefix=self.prefix)))

    def read(self, path: str) -> str | None:
        """Return the content of one of its files, None where there is none."""
        try:
            return (self.place / path).read_text()
        except FileNotFoundError:
            return None

    def write(self, path: str, content: str) -> None:
        """Change a file behind the agent's back."""
        (self.place / path).write_text(content)


def crate(name: str, *resources: str) -> dict[str, str]:
    """Return a configcrate of resources, each a YAML map in one line, as a file of the stacks."""
    lines = "".join(f"  - {resource}\n" for resource in resources)
    return {f"configcrates/{name}.vgo": f"configcrate: {name}\nresources:\n{lines}"}


def entries(**crates_by_glob: str) -> dict[str, str]:
    """Return hostcrates: what the hosts of a name, with `_` for `-`, get. A trailing `_x` makes it a glob."""
    lines = "".join(
        f'  - {{match: ["{glob.replace("_x", "_*").replace("_", "-")}"], configcrates: [{crates}]}}\n'
        for glob, crates in crates_by_glob.items()
    )
    return {"envoys.vgo": f"envoys:\n{lines}"}


def outcomes(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the outcome of each resource."""
    return {result["id"]: result["outcome"] for result in report["results"]}
