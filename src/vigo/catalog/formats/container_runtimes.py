"""What container runtimes leave in files. Pure: text in, values out."""

import re

import msgspec

from vigo.core.encoding import NOT_DECODED

_ID = re.compile(r"[0-9a-f]{64}")
_USUAL_DATA = "/var/lib/docker"


class _DockerSettings(msgspec.Struct, frozen=True):
    data: str = msgspec.field(default=_USUAL_DATA, name="data-root")


def is_container_id(name: str) -> bool:
    """Return whether a folder is that of a container as Docker and Podman name them."""
    return _ID.fullmatch(name) is not None


def parse_docker_data(text: str) -> str | None:
    """Return the folder of Docker's data by its /etc/docker/daemon.json, or None where that is damaged.

    An empty text stands for settings that are not there. Source: dockerd, "Daemon configuration file".
    """
    if not text.strip():
        return _USUAL_DATA
    try:
        folder = msgspec.json.decode(text.encode(errors="replace"), type=_DockerSettings).data.rstrip("/")
    except NOT_DECODED:
        return None
    return folder if folder.startswith("/") else None
