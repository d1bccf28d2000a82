"""systemd's unit files as far as an image needs them, and the answer of `systemctl show`."""

from collections.abc import Mapping

import msgspec


class InstallSection(msgspec.Struct, frozen=True):
    """What a unit says of its own enabling. Source: systemd.unit(5), [Install]."""

    wanted_by: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()


def parse_install(text: str) -> InstallSection:
    """Return a unit's [Install] section, `Also=` left out; an empty assignment clears a list, as systemd has it."""
    found: dict[str, list[str]] = {"WantedBy": [], "RequiredBy": [], "Alias": []}
    section = ""
    for raw in text.replace("\\\n", " ").split("\n"):
        line = raw.strip()
        if line.startswith("["):
            section = line
        elif section == "[Install]" and line[:1] not in ("", "#", ";"):
            key, _, value = line.partition("=")
            words = found.get(key.strip())
            if words is not None:
                words[:] = [*words, *value.split()] if value.strip() else []
    return InstallSection(tuple(found["WantedBy"]), tuple(found["RequiredBy"]), tuple(found["Alias"]))


def parse_properties(text: str) -> Mapping[str, str]:
    """Return the `NAME=VALUE` lines that `systemctl show` prints."""
    return {name: value for name, equals, value in (line.partition("=") for line in text.split("\n")) if equals}
