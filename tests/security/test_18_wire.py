"""What TLS carries, read by a real analyser with the keys of every connection: no value of a secret is in it."""

import asyncio
import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.security.canaries import canary, found_in
from tests.security.test_18_canaries import cycle
from tests.server.features.test_secrets import revealed, stored
from tests.server.harness import Machine, Server, compile_folder, served
from vigo.agent.link import link
from vigo.agent.link.channel import client_context

SECRET, OTHER, PLANTED = canary("wire"), canary("wire2"), canary("plain")
needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None or os.geteuid() != 0, reason="needs root and tshark, to see the loopback traffic"
)
STACKS = {
    "configcrates/a.vgo": """
configcrate: a
vars: {s: secret:wire/one}
resources: [{name: a, type: file, path: /etc/a, mode: 0600, content: "{{ vars.s }} {{ vars.s | upper }}"}]
""",
    "envoys.vgo": 'envoys: [{match: "*", configcrates: [a]}]\n',
}


class Analyser:
    """tshark, which writes down what passes some ports, and reads it with the keys of TLS."""

    def __init__(self, folder: Path) -> None:
        self.capture, self.keys = folder / "capture.pcapng", folder / "tls-keys"

    @asynccontextmanager
    async def capturing(self, *ports: int) -> AsyncIterator[None]:
        meant = " or ".join(f"tcp port {port}" for port in ports)
        # Its own files: what it writes must not be mistaken for what Vigo wrote.
        process = await asyncio.create_subprocess_exec(
            *("tshark", "-i", "lo", "-f", meant, "-w", str(self.capture)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        seen = b""
        while b"Capturing on" not in seen:
            seen += await asyncio.wait_for(process.stderr.readline(), 30)
        await asyncio.sleep(1)  # it says so a moment before it does
        try:
            yield
            await asyncio.sleep(1)  # what the kernel has not handed over yet
        finally:
            process.send_signal(signal.SIGINT)
            await process.communicate()

    def decrypted(self) -> bytes:
        """Return what TLS carried in each direction of each connection, as it was inside."""
        options = ("-r", str(self.capture), "-o", f"tls.keylog_file:{self.keys}", "-q")
        count = self._said(*options, "-z", "conv,tcp").count("<->")
        assert count
        parts = []
        for number in range(count):
            told = self._said(*options, "-z", f"follow,tls,raw,{number}")
            # Both directions, each in one piece: a value could be parted over two records.
            lines = re.findall(r"^(\t?)([0-9a-f]+)$", told, re.MULTILINE)
            parts += [
                b"".join(bytes.fromhex(data) for mark, data in lines if mark == direction) for direction in ("", "\t")
            ]
        return b"\n".join(parts)

    def _said(self, *arguments: str) -> str:
        command = [shutil.which("tshark") or "tshark", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout


@needs_tshark
@served
async def test_18_inside_of_tls_there_is_no_plain_secret(server: Server, tmp: Path) -> None:
    analyser, root = Analyser(tmp), tmp / "root"
    (root / "etc").mkdir(parents=True)
    server.compiler = compile_folder
    await server.restart()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSLKEYLOGFILE", str(analyser.keys))  # Python's own clients heed it

        def watched(folder: object) -> ssl.SSLContext:
            context = client_context(folder)  # type: ignore[arg-type]
            context.keylog_filename = str(analyser.keys)
            return context

        patched.setattr(link, "client_context", watched)
        api = int(server.url.rpartition(":")[2])
        async with analyser.capturing(server.grpc.port, api):
            await stored(server, "wire/one", value=SECRET)
            server.write_stacks(STACKS)
            await server.publish(f"planted: {PLANTED}")
            machine = await Machine.enrolled(server, tmp / "state", "web-1")
            await cycle(machine, root)
            assert SECRET in (root / "etc/a").read_text()
            await stored(server, "wire/one", value=OTHER)
            await cycle(machine, root)
            assert OTHER in (root / "etc/a").read_text()
            assert (await revealed(server, "wire/one"))["value"] == OTHER
    carried = await asyncio.to_thread(analyser.decrypted)
    # It was really read: people's requests, what the agent asked for, and what it told.
    for known in (b"\x0a\x08wire/one", b"(not shown: it is made of the secret wire/one)"):
        assert known in carried, known
    assert found_in(carried, {"planted": PLANTED}), "what is plain inside of TLS is seen"
    assert found_in(carried, {"secret": SECRET, "other": OTHER}) == []
