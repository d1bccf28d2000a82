"""The language server: what an editor asks, answered from the folder of stacks that its file is in.

Standard output carries the protocol, so that nothing here may print; what goes wrong is logged.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from vigo import __version__
from vigo.cli.lsp import translation
from vigo.cli.lsp.folders import StacksFolder
from vigo.cli.lsp.looking import Seen, encoded
from vigo.cli.lsp.roots import name_in, stacks_of
from vigo.policy.editing.completions import completions
from vigo.policy.editing.hovers import hover
from vigo.policy.editing.marks import word_at
from vigo.policy.editing.targets import places_of, target_at
from vigo.policy.editing.texts import Position, Text, Units

_log = logging.getLogger(__name__)

_TRIGGERS: Final = (" ", ".", "/", "[", "{", ",", "|", "'", '"')
_WATCHED: Final = ("**/*.vgo", "**/*.{yaml,yml,json}", "**/files/**", "**/templates/**")
_UNITS: Final[dict[str, Units]] = {"utf-8": "utf-8", "utf-32": "utf-32"}
T = TypeVar("T")


class Asked(NamedTuple):
    """A place in a file of some stacks that an editor asks about."""

    folder: StacksFolder
    name: str
    content: str
    text: Text
    offset: int


class _Open(NamedTuple):
    """A document that an editor has open: what the editor calls it, and where it is."""

    uri: str
    folder: StacksFolder
    name: str


class StacksServer(LanguageServer):
    """Serves one editor. `stacks` is the folder that it is for; without one each file's folder is found."""

    def __init__(self, stacks: Path | None) -> None:
        # Whole texts: pygls ends lines at more characters than the protocol does, so that it would apply parts wrongly.
        super().__init__("vigo", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.was_shut_down = False
        self._stacks = stacks
        self._folders: dict[Path, StacksFolder] = {}
        self._published: dict[Path, frozenset[str]] = {}
        self._open: dict[Path, _Open] = {}
        # One at a time: to look is work for the processor, and two looks would only delay each other.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look")

    @property
    def units(self) -> Units:
        """What the editor counts columns in."""
        encoding = self.workspace.position_encoding
        return _UNITS.get(str(getattr(encoding, "value", encoding)), "utf-16")

    def opened(self, uri: str) -> None:
        """Take the text that an editor has open in place of the file."""
        path, found = _path(uri), self._file(uri)
        if path is None:
            return
        former = self._open.pop(path, None)
        if former is not None and former[1:] != found:
            self._let_go(former)
        if found is not None:
            folder, name = found
            self._open[path] = _Open(uri, folder, name)
            folder.edited[name] = self.workspace.get_text_document(uri).source
            folder.changed()

    def closed(self, uri: str) -> None:
        """Take the file again as it stands on the disk."""
        path = _path(uri)
        former = None if path is None else self._open.pop(path, None)
        if former is not None:
            self._let_go(former)

    def changed_on_disk(self) -> None:
        """Look at all stacks again. A file that belonged to none, or to others, may belong to some by now."""
        for document in list(self.workspace.text_documents.values()):
            self.opened(document.uri)
        for folder in self._folders.values():
            folder.changed()

    async def asked(self, uri: str, place: types.Position, *, at_once: bool = False) -> tuple[Asked, Seen] | None:
        """Return the place that an editor asks about, with what was seen of its stacks; None outside of any.

        What was seen may be of a moment before, where an answer at once is worth more than one right to the line.
        """
        found = self._file(uri)
        if found is None:
            return None
        folder, name = found
        edited = folder.edited.get(name)
        seen = await (folder.seen() if at_once else folder.settled())
        text = Text.of(seen.files.get(name, b"")) if edited is None else Text(edited)
        offset = text.offset(Position(place.line, place.character), self.units)
        return Asked(folder, name, text.content, text, offset), seen

    def markup(self, capability: str) -> types.MarkupKind:
        """Return how an editor takes what is shown to a person, by the path of the capability that says so."""
        kinds = get_capability(self.client_capabilities, capability, ()) or ()
        takes_markdown = not kinds or types.MarkupKind.Markdown in kinds
        return types.MarkupKind.Markdown if takes_markdown else types.MarkupKind.PlainText

    def uri_of(self, path: Path) -> str:
        """Return how the editor calls a file; one that it has open as it called it."""
        document = self._open.get(path)
        return path.as_uri() if document is None else document.uri

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong; nobody is to be disturbed by a message for each key that is pressed."""
        _log.error("%s: %s", getattr(source, "__name__", source), error, exc_info=error)

    async def off_the_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what some work gives that may take a moment; it waits for a look that is under way."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *arguments)

    def stop(self) -> None:
        """Begin no more work."""
        for folder in self._folders.values():
            folder.stop()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _file(self, uri: str) -> tuple[StacksFolder, str] | None:
        """Return the folder of stacks that a document is in, and its name there; None where it is in none."""
        path = _path(uri)
        if path is None:
            return None
        folders = [_path(one.uri) for one in self.workspace.folders.values()]
        given = [folder for folder in (*folders, _path(self.workspace.root_uri or "")) if folder is not None]
        root = stacks_of(path, given, self._stacks)
        name = None if root is None else name_in(root, path)
        if root is None or name is None:
            return None
        if root not in self._folders:
            self._folders[root] = StacksFolder(root, self.units, self._worker, self._publish)
            self._folders[root].changed()
        return self._folders[root], name

    def _let_go(self, document: "_Open") -> None:
        document.folder.edited.pop(document.name, None)
        document.folder.changed()

    def _publish(self, folder: StacksFolder, seen: Seen) -> None:
        """Tell the editor what was found in each file, and that nothing is wrong any more where something was."""
        told = frozenset(name for name in seen.findings if name != "." and (folder.root / name).exists())
        told |= seen.findings.keys() & folder.edited.keys()
        for one in seen.findings.get(".", ()):
            _log.warning("%s: %s", folder.root, one.message)
        for name in sorted(told | self._published.get(folder.root, frozenset())):
            found = seen.findings.get(name, ()) if name in told else ()
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    uri=self.uri_of(folder.root / name), diagnostics=[translation.diagnostic(one) for one in found]
                )
            )
        self._published[folder.root] = told


def language_server(stacks: Path | None) -> StacksServer:
    """Return a server that answers everything that it says it can."""
    server = StacksServer(stacks)
    _follow_documents(server)
    _answer_questions(server)
    return server


def _follow_documents(server: StacksServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        server.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_params: types.DidSaveTextDocumentParams) -> None:
        server.changed_on_disk()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(_params: types.DidChangeWatchedFilesParams) -> None:
        server.changed_on_disk()

    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        capability = "workspace.did_change_watched_files.dynamic_registration"
        if get_capability(server.client_capabilities, capability, False):  # noqa: FBT003 - the default of the answer
            await _watch(server)

    @server.feature(types.SHUTDOWN)
    def shutdown(_params: None) -> None:
        server.was_shut_down = True
        server.stop()


async def _watch(server: StacksServer) -> None:
    """Ask the editor to tell which files change beside those that it has open."""
    watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    registration = types.Registration(id="vigo-files", method=method, register_options=options)
    await server.client_register_capability_async(types.RegistrationParams([registration]))


def _answer_questions(server: StacksServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(_TRIGGERS)))
    async def complete(params: types.CompletionParams) -> types.CompletionList | None:
        found = await server.asked(params.text_document.uri, params.position, at_once=True)
        if found is None:
            return None
        asked, seen = found
        offered = completions(seen.known, asked.name, asked.content, asked.offset)
        markup = server.markup("text_document.completion.completion_item.documentation_format")
        return translation.completion_list(offered, asked.text, asked.offset, server.units, markup)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def show(params: types.HoverParams) -> types.Hover | None:
        found = await server.asked(params.text_document.uri, params.position)
        if found is None:
            return None
        asked, seen = found
        # Who uses a name is looked for in all of the stacks, which may take a moment.
        told = await server.off_the_loop(hover, seen.known, asked.name, asked.content, asked.offset)
        markup = server.markup("text_document.hover.content_format")
        return None if told is None else translation.hover(told, asked.text, server.units, markup)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> list[types.Location] | None:
        found = await server.asked(params.text_document.uri, params.position)
        if found is None:
            return None
        asked, seen = found
        target = target_at(asked.name, asked.content, asked.offset)
        locations = []
        for place in () if target is None else places_of(seen.known, asked.name, target):
            edited = asked.folder.edited.get(place.file)
            text = Text.of(seen.files.get(place.file, b"") if edited is None else encoded(edited))
            where = translation.range_of(text, word_at(text, text.place(place.line, place.column)), server.units)
            locations.append(types.Location(server.uri_of(asked.folder.root / place.file), where))
        return locations


def _path(uri: str) -> Path | None:
    """Return the file that a document is, or None for what is none, such as one that was never saved."""
    path = to_fs_path(uri)
    return None if not path else Path(path)
