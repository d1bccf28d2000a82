"""The text of systemd's unit files: its settings, and the lines that Vigo writes. Source: systemd.syntax(7)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_HEADER = "# Vigo keeps this file; changes made here are taken back.\n"
_ESCAPED = {"\\": "\\\\", '"': '\\"', "$": "$$", "%": "%%"}
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")
_INSTALLS = frozenset({"WantedBy", "RequiredBy", "UpheldBy", "Alias"})


class Setting(NamedTuple):
    """One assignment."""

    section: str
    key: str
    value: str


def parse_settings(text: str) -> tuple[Setting, ...]:
    """Return the assignments of a unit file in order; a line that is none is passed over, as systemd does."""
    found: list[Setting] = []
    section, begun = "", ""
    for raw in text.split("\n"):
        line = raw.strip()
        if line[:1] in ("#", ";"):
            continue  # also between the lines of one value
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        line, begun = begun + line, ""
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        if equals:
            found.append(Setting(section, key.strip(), value.strip()))
    return tuple(found)


def words_of(settings: Sequence[Setting], section: str, key: str) -> tuple[str, ...]:
    """Return the words of a list; an empty assignment clears what came before it."""
    words: list[str] = []
    for setting in settings:
        if (setting.section, setting.key) == (section, key):
            words = [*words, *setting.value.split()] if setting.value else []
    return tuple(words)


def last_of(settings: Sequence[Setting], section: str, key: str) -> str:
    """Return the value that counts of a setting that has one, or an empty text."""
    found = [one.value for one in settings if (one.section, one.key) == (section, key)]
    return found[-1] if found else ""


def install_settings(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """Return what says by which symlinks the unit is enabled."""
    return tuple(one for one in settings if one.section == "Install" and one.key in _INSTALLS and one.value)


def command_line(argv: Sequence[str]) -> str:
    """Return a command as the value of `ExecStart=`, in which each word means itself: `$`, `%`, quotes and blanks too.

    The program itself is not quoted: `$` means nothing in it, and whoever calls has checked it. Source:
    systemd.service(5), command lines.
    """
    program, *arguments = argv
    return " ".join((program.replace("%", "%%"), *(f'"{_escaped(argument)}"' for argument in arguments)))


def timer_text(description: str, schedules: Sequence[str], *, persistent: bool, random_delay_seconds: int) -> str:
    """Return the unit file of a timer that is due at each of the schedules. Source: systemd.timer(5)."""
    lines = [f"OnCalendar={schedule}" for schedule in schedules]
    lines += ["Persistent=yes"] if persistent else []
    lines += [f"RandomizedDelaySec={random_delay_seconds}"] if random_delay_seconds else []
    timer = "".join(f"{line}\n" for line in lines)
    return f"{_HEADER}[Unit]\n{_described(description)}\n[Timer]\n{timer}\n[Install]\nWantedBy=timers.target\n"


def job_text(description: str, argv: Sequence[str], user: str) -> str:
    """Return the unit file of a service that runs a command to its end as a user. Source: systemd.service(5)."""
    who = "" if user == "root" else f"User={user}\n"
    service = f"Type=oneshot\n{who}ExecStart={command_line(argv)}\n"
    return f"{_HEADER}[Unit]\n{_described(description)}\n[Service]\n{service}"


def _described(description: str) -> str:
    return f"Description={description.replace('%', '%%')}\n"


def _escaped(argument: str) -> str:
    plain = "".join(_ESCAPED.get(character, character) for character in argument)
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", plain)
