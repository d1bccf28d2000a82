from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, boot
from tests.host.debian_archive import with_archive
from tests.host.debian_root import cached_root, lacks_python, what_is_missing
from tests.host.example_machine import ExampleMachine


@pytest.fixture(scope="session")
def debian_root() -> Path:
    """Return the folder of a small Debian, or skip where none can be booted."""
    if missing := what_is_missing():
        pytest.skip(f"no Debian can be booted here: {missing}")
    root = cached_root()
    if missing := lacks_python(root):
        pytest.skip(f"the agent cannot run in a Debian here: {missing}")
    return root


@pytest.fixture
def debian(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a freshly booted Debian, gone with all its changes at the end of the test."""
    with boot(debian_root, tmp_path) as machine:
        yield machine


@pytest.fixture
def ssh_server(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a freshly booted Debian with an SSH server."""
    with boot(cached_root(("openssh-server",)), tmp_path) as machine:
        yield machine


@pytest.fixture(scope="session")
def stocked_root(debian_root: Path) -> Path:
    """Return the folder of a Debian that has packages to install."""
    return with_archive(debian_root)


@pytest.fixture
def machine(stocked_root: Path, tmp_path: Path) -> Iterator[ExampleMachine]:
    """Yield a freshly booted Debian for an example."""
    with boot(stocked_root, tmp_path) as debian:
        yield ExampleMachine(debian)
