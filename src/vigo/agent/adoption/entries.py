"""Files, directories and symlinks of a machine as resources."""

import base64
from collections.abc import Mapping
from typing import Any

from vigo.agent.adoption.candidates import Candidate, Found, LeftOut
from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.accounts import parse_group, parse_passwd
from vigo.core.errors import VigoError

_OTHERS_MAY_READ = 0o004


def entry_at(host: ReadHost, path: str, *, private: bool) -> Found:
    """Return what is at a path as it is. A file that not everybody may read is left out, unless `private`."""
    try:
        stat = host.stat(path)
        if stat is None:
            return LeftOut(name=path, reason="it is gone meanwhile")
        if stat.kind == "symlink":
            return Candidate(name=path, type="symlink", fields={"path": path, "to": host.read_link(path) or ""})
        if stat.kind == "directory":
            return Candidate(name=path, type="directory", fields=_attributes(host, path, stat))
        return _file(host, path, stat, private=private)
    except VigoError as error:
        return LeftOut(name=path, reason=str(error))


def _file(host: ReadHost, path: str, stat: FileStat, *, private: bool) -> Found:
    if stat.kind != "file":
        return LeftOut(name=path, reason="it is a device, socket or pipe, which no policy declares")
    if not private and not stat.mode & _OTHERS_MAY_READ:
        reason = f"not everybody may read it (mode {stat.mode:04o}), and the stacks would hold its content"
        return LeftOut(name=path, reason=f"{reason}; --private takes it all the same")
    content = base64.b64encode(host.read_bytes(path) or b"").decode()
    fields = {**_attributes(host, path, stat), "content_base64": content}
    return Candidate(name=path, type="file", fields=fields, source=_source(path))


def _source(path: str) -> str:
    """Return where a file's content stands below `files/`: the stacks pass over names that begin with a dot.

    A name that begins with `dot` gets another one, so that no two files share a place.
    """
    return "/".join(f"dot{part}" if part.startswith((".", "dot")) else part for part in path.split("/") if part)


def _attributes(host: ReadHost, path: str, stat: FileStat) -> dict[str, Any]:
    accounts = {name: one.uid for name, one in parse_passwd(host.read_text("/etc/passwd") or "").items()}
    groups = {name: one.gid for name, one in parse_group(host.read_text("/etc/group") or "").items()}
    owner, group = _name(accounts, stat.uid), _name(groups, stat.gid)
    return {"path": path, "mode": f"{stat.mode:04o}", "owner": owner, "group": group}


def _name(ids: Mapping[str, int], number: int) -> str:
    """Return the name of an id, of two the first; the number where there is none."""
    return next((name for name, one in ids.items() if one == number), str(number))
