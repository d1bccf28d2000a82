"""The policy that the agent is measured with, in the mix that is common on servers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

FOLDER: Final = "/srv/bench"
_CHAIN: Final = 10
_NOTIFIES: Final = 3
"""Which of each ten resources notifies the handler."""


def workload(resources: int, packages: Sequence[str]) -> dict[str, str]:
    """Return stacks with so many resources, of which `packages` name what is installed already.

    60 % files with templates of three variables, one of them a trait that only the machine can fill in; 10 % each of
    directories, symlinks and lines; 5 % packages; 5 % users and groups. Each ten follow each other, and one in ten
    notifies a handler. Where there are too few packages, files stand in for them.
    """
    lines = list(_resources(resources, packages))
    handler = '  - {name: handler, type: exec, command: ["true"], when: changed}\n'
    folder = f"  - {{name: folder, type: directory, path: {FOLDER}}}\n"
    crate = "configcrate: bench\nvars: {port: 8080, owner: nobody}\nresources:\n" + folder + "".join(lines) + handler
    return {
        "configcrates/bench.vgo": crate,
        "envoys.vgo": 'envoys:\n  - {match: ["*"], configcrates: [bench]}\n',
    }


def paths_of(resources: int) -> list[str]:
    """Return the paths of the files in the workload, for the floor."""
    return [f"{FOLDER}/f{number}.conf" for number in range(resources) if _make_of(number) is _file]


def _resources(count: int, packages: Sequence[str]) -> Iterator[str]:
    left = list(packages)
    for number in range(count):
        make = _make_of(number)
        if make is _package:
            fields = f"type: package, package: {left.pop()}" if left else _file(number)
        else:
            fields = make(number)
        before = f"r{number - 1}" if number % _CHAIN else "folder"
        notify = ", notify: [handler]" if number % 10 == _NOTIFIES else ""
        yield f"  - {{name: r{number}, {fields}, depends_on: [{before}]{notify}}}\n"


def _file(number: int) -> str:
    text = "port = {{ vars.port }}\\nuser = {{ vars.owner }}\\nfamily = {{ traits.os.family }}\\n"
    return f'type: file, path: {FOLDER}/f{number}.conf, content: "# {number}\\n{text}", mode: "0640"'


def _directory(number: int) -> str:
    return f'type: directory, path: {FOLDER}/d{number}, mode: "0750"'


def _symlink(number: int) -> str:
    return f"type: symlink, path: {FOLDER}/s{number}, to: {FOLDER}/f{number}.conf"


def _line(number: int) -> str:
    return f'type: file_line, path: {FOLDER}/l{number}.conf, line: "limit = {number}", create: true'


def _package(number: int) -> str:
    raise ValueError(f"resource {number} is a package, which takes its name from what is installed")


def _account(number: int) -> str:
    if number % 2:
        return f"type: user, user: bench{number}, manage_home: false, shell: /usr/sbin/nologin"
    return f"type: group, group: benchg{number}"


_MIX: Final[Sequence[tuple[int, Callable[[int], str]]]] = (
    (60, _file),
    (70, _directory),
    (80, _symlink),
    (90, _line),
    (95, _package),
    (100, _account),
)
"""What stands in the mix, each up to a percentage."""


def _make_of(number: int) -> Callable[[int], str]:
    """Return what makes a resource; the kinds are spread over the plan."""
    share = number * 61 % 100
    return next(make for end, make in _MIX if share < end)
