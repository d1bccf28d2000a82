"""The kind `repository`."""

from collections.abc import Iterator, Mapping

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource
from vigo.catalog.formats.openpgp import locally_signed
from vigo.catalog.formats.repository_keys import in_form, is_known, prints_of
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, WriteFile
from vigo.catalog.ops.fetch_key import FetchKey
from vigo.catalog.ops.package_tool import RunPackageTool
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.catalog.resources.packages.host_tool import tool_of
from vigo.catalog.resources.packages.package_tool import ToolName
from vigo.catalog.resources.packages.repository_layout import Layout, layout_of, paths_of
from vigo.catalog.resources.packages.repository_spec import RepositorySpec, check_repository, known_fingerprints
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

_MODE = 0o644
_IMPORTED = ("rpm", "-q", "gpg-pubkey", "--queryformat", r"%{VERSION}\n")
_NONE_IMPORTED = 1
_PACMAN_KEYRING = "/etc/pacman.d/gnupg/pubring.gpg"
_RPM_TOOLS = ("dnf", "yum", "zypper")


class RepositoryState(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the repository.

    `imported` are the keys that rpm has, each by the end of its id or in full, or those that pacman's keyring trusts;
    `has_keyring` says that there is one.
    """

    tool: ToolName
    layout: Layout
    settings: FileStat | None
    text: str | None
    key: bytes | None
    others: tuple[str, ...]
    missing_folders: tuple[str, ...]
    is_image: bool
    imported: frozenset[str] = frozenset()
    has_keyring: bool = True
    has_index: bool = False


class Repository(RevertiblePath[RepositorySpec], Resource[RepositorySpec, RepositoryState]):
    """A file of its own where the tool has such: apt's `.sources` or `.list`, the `.repo` of dnf, yum and zypper.

    On Alpine it is a line of `/etc/apk/repositories`, on Arch Linux a section of `/etc/pacman.conf`.

    The key is trusted for this repository alone by apt; rpm and pacman take it into their own keyring. Its fingerprint
    is computed from the key itself before it is written anywhere, and a file with a further key in it is refused. What
    a package resource behind it needs is fetched anew, once the repository changed. When it goes, the key that rpm or
    pacman imported stays with them.
    """

    kind, since, spec = "repository", "0.1", RepositorySpec
    name_field = "repository"

    def validate(self, spec: RepositorySpec) -> None:
        """Accept a name, a URI and a key that is the declared one."""
        check_repository(spec)

    def observe(self, spec: RepositorySpec, host: ReadHost) -> RepositoryState:
        """Return the repository's files."""
        tool = tool_of(host).name
        layout = layout_of(tool, spec)
        stat = host.stat(layout.settings)
        key = host.stat(layout.key_path)
        state = RepositoryState(
            tool=tool,
            layout=layout,
            settings=stat,
            text=host.read_text(layout.settings) if stat is not None and stat.kind == "file" else None,
            key=host.read_bytes(layout.key_path) if key is not None and key.kind == "file" else None,
            others=tuple(path for path in layout.others if host.stat(path) is not None),
            missing_folders=tuple(folder for folder in layout.folders if host.stat(folder) is None),
            is_image=host.is_image(),
        )
        if tool == "pacman":
            index = f"/var/lib/pacman/sync/{spec.repository}.db"
            keyring = host.read_bytes(_PACMAN_KEYRING) if _has_key(spec) and spec.state == "present" else b""
            return msgspec.structs.replace(
                state,
                has_keyring=keyring is not None,
                has_index=host.stat(index) is not None,
                imported=_signed(keyring or b""),
            )
        if tool in _RPM_TOOLS and _has_key(spec) and spec.state == "present" and not host.is_image():
            return msgspec.structs.replace(state, imported=_imported(host))
        return state

    def plan(self, spec: RepositorySpec, state: RepositoryState) -> Iterator[Op]:
        """Yield the key first, so that no settings ever name one that is not there."""
        if state.settings is not None and state.settings.kind in ("directory", "other"):
            raise InvalidError(
                f"repository: expected a file at {state.layout.settings}, found something else; remove it"
            )
        if spec.state == "present":
            for folder in state.missing_folders:
                yield MakeDirectory(path=folder, changes=("state",))
            yield from _key(spec, state)
        yield from _settings(spec, state)
        for path in state.others:
            yield RemoveFile(path=path, changes=("format",) if spec.state == "present" else ("state",))
        if state.key is not None and _is_stale(spec, state):
            yield RemoveFile(path=state.layout.key_path, changes=("state",) if spec.state == "absent" else ("key",))
        if spec.state == "present" and _has_key(spec) and state.is_image and state.tool in (*_RPM_TOOLS, "pacman"):
            raise BlockedError(
                f"key: the file is there; {state.tool} takes it into its keyring once the image has been started"
            )

    def owns(self, spec: RepositorySpec) -> tuple[str, ...]:
        """Return the repository, and the files that are its own on one host or another."""
        return (f"repository:{spec.repository}", *(f"path:{path}" for path in paths_of(spec)))

    def cannot_undo(self, spec: RepositorySpec) -> str:
        """Name what is in files that others share, and in keyrings."""
        del spec
        return "lines of pacman.conf and /etc/apk/repositories stay, and keys that rpm or pacman imported"

    def footprints(self, spec: RepositorySpec) -> Mapping[str, EntryFootprint]:
        """Return the files that are the repository's own."""
        return {
            f"path:{path}": EntryFootprint(
                owns=(f"path:{path}", f"repository:{spec.repository}"), path=path, makes="file", content=True, mode=True
            )
            for path in paths_of(spec)
        }


def _has_key(spec: RepositorySpec) -> bool:
    return spec.key is not None or spec.key_url is not None


def _is_stale(spec: RepositorySpec, state: RepositoryState) -> bool:
    """Return whether a key's file is of no use any more. Alpine's have names that others may use, too."""
    return spec.state == "absent" or (not _has_key(spec) and state.tool != "apk")


def _key(spec: RepositorySpec, state: RepositoryState) -> Iterator[Op]:
    """Yield what brings the key into its file and into the tool's keyring."""
    layout, known = state.layout, known_fingerprints(spec)
    if not state.has_keyring:
        raise BlockedError(
            f"key: expected pacman's keyring {_PACMAN_KEYRING}, found none; run `pacman-key --init` once"
        )
    if spec.key is not None:
        if ("BEGIN PUBLIC KEY" in spec.key) != (layout.key_form == "as it is"):
            expected = "in PEM" if layout.key_form == "as it is" else "in ASCII armour"
            raise InvalidError(f"key: expected a key {expected} on a host of {state.tool}, found another one")
        content = in_form(spec.key.encode(), layout.key_form)
        known = prints_of(content, layout.key_form)
        if state.key != content:
            yield WriteFile(path=layout.key_path, content=content, mode=_MODE, changes=("key",))
    elif spec.key_url is not None and (state.key is None or not is_known(state.key, known, layout.key_form)):
        yield FetchKey(url=spec.key_url, path=layout.key_path, fingerprints=known, form=layout.key_form)
    if _has_key(spec) and not state.is_image:
        yield from _imports(spec, state, known)


def _imports(spec: RepositorySpec, state: RepositoryState, known: tuple[str, ...]) -> Iterator[Op]:
    field, path = ("key" if spec.key is not None else "key_url",), state.layout.key_path
    if state.tool in _RPM_TOOLS and not all(_is_imported(one, state.imported) for one in known):
        yield RunPackageTool(argv=("rpm", "--import", path), touches=("packages",), changes=field)
    unsigned = [one for one in known if one not in state.imported] if state.tool == "pacman" else []
    if unsigned:
        yield RunPackageTool(argv=("pacman-key", "--add", path), touches=("packages",), changes=field)
        for fingerprint in unsigned:
            argv = ("pacman-key", "--lsign-key", fingerprint)
            yield RunPackageTool(argv=argv, touches=("packages",), changes=field)


def _settings(spec: RepositorySpec, state: RepositoryState) -> Iterator[Op]:
    layout = state.layout
    wanted = layout.text(state.text or "")
    if wanted is None:
        if state.settings is not None:
            yield RemoveFile(path=layout.settings)
        return
    if wanted == (state.text or "") and (state.settings is not None or layout.is_shared):
        return
    changes = ("state",) if state.settings is None or layout.is_shared else ("uri",)
    if state.has_index:  # it is of what the section named before
        yield RemoveFile(path=f"/var/lib/pacman/sync/{spec.repository}.db", changes=changes)
    mode = None if layout.is_shared and state.settings is not None else _MODE
    yield WriteFile(path=layout.settings, content=wanted.encode(), mode=mode, changes=changes)


def _imported(host: ReadHost) -> frozenset[str]:
    answer = host.query(_IMPORTED)
    if answer is None or answer.status not in (0, _NONE_IMPORTED):
        raise BlockedError(
            "key: expected rpm to tell the keys that it has, found that it does not; run `rpm -q gpg-pubkey`"
        )
    return frozenset(line.strip().upper() for line in answer.stdout.split("\n")) if answer.status == 0 else frozenset()


def _signed(keyring: bytes) -> frozenset[str]:
    try:
        return locally_signed(keyring)
    except InvalidError as error:
        raise UnavailableError(f"{_PACMAN_KEYRING}: {error}") from error


def _is_imported(fingerprint: str, imported: frozenset[str]) -> bool:
    """Return whether rpm has a key. Before version 6 it names a key by the last eight digits of its id.

    The id of a key is the end of a fingerprint of version 4, and the beginning of one of version 6.
    """
    key_id = fingerprint[-16:] if len(fingerprint) == 40 else fingerprint[:16]  # noqa: PLR2004 - digits of version 4
    return bool({fingerprint, key_id, key_id[-8:]} & imported)
