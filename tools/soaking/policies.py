"""Policies of the soak: each generation says something else of the same things, in contents that say whose."""

import random
from collections.abc import Mapping
from typing import Final, NamedTuple

from tests.e2e.world import crate, entries

_FILES: Final = 24
_LARGEST: Final = 150_000


class Policy(NamedTuple):
    """Stacks, and what each file shall hold once they are applied."""

    stacks: Mapping[str, str]
    contents: Mapping[str, bytes]


def policy(number: int, chance: random.Random) -> Policy:
    """Return the policy of a generation: files in chains, a directory, a symlink, a line, a group and a handler."""
    contents: dict[str, bytes] = {}
    resources = ["{name: folder, type: directory, path: /etc/app, mode: '0750'}"]
    for file in range(_FILES):
        path = f"/etc/app/f{file}"
        text = f"generation {number} file {file} " + "x" * chance.choice((0, 10, 5_000, _LARGEST)) + " end"
        contents[path] = f"{text}\n".encode()
        after = f"f{file - 1}" if file % 6 else "folder"
        notify = ", notify: [told]" if file % 8 == 0 else ""
        resources.append(
            f'{{name: f{file}, type: file, path: {path}, content: "{text}\\n", mode: "0640", depends_on: [{after}]'
            f"{notify}}}"
        )
    contents["/etc/app/told"] = f"told of {number}\n".encode()
    target = f"/etc/app/f{number % _FILES}"
    line = f"limit {number}"
    resources += [
        f'{{name: told, type: file, path: /etc/app/told, content: "told of {number}\\n", when: changed}}',
        f"{{name: current, type: symlink, path: /etc/app/current, to: {target}, depends_on: [folder]}}",
        f'{{name: line, type: file_line, path: /etc/app/lines, line: "{line}", match: "^limit ", create: true}}',
        f"{{name: job, type: cron, cron: soak, command: run-{number}, schedule: '@daily'}}",
        "{name: cron, type: directory, path: /etc/cron.d, before: [job]}",
    ]
    return Policy(crate("app", *resources) | entries(soak_x="app"), contents)
