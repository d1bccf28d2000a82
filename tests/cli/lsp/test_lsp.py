"""`vigocli config lsp` as a process, with an editor at its other end."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import Desk, Terminal
from tests.cli.lsp.editor import Editor, Message
from tests.policy.every_stacks import every_stacks
from vigo.policy.editing.texts import Position, Text
from vigo.policy.yaml_tree import MOST_BYTES

pytestmark = pytest.mark.processes

WEB = """\
configcrate: web
vars: {port: 8080}
resources:
  - {name: "\U0001f600 nginx", type: package, package: nginx}
  - {name: conf, type: file, path: /etc/site.conf, content: "{{ vars.port }}"}
"""
ENVOYS = 'envoys:\n  - {match: "*", configcrates: [web]}\n'
CRATE = "configcrates/web.vgo"


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    folder = tmp_path / "my stacks"
    (folder / "configcrates").mkdir(parents=True)
    (folder / CRATE).write_text(WEB)
    (folder / "envoys.vgo").write_text(ENVOYS)
    return folder


@pytest.fixture
def editor(stacks: Path) -> Iterator[Editor]:
    with Editor(stacks) as made:
        yield made
    assert made.log() == ""


def marked(finding: Message) -> tuple[int, int, int, int]:
    start, end = finding["range"]["start"], finding["range"]["end"]
    return start["line"], start["character"], end["line"], end["character"]


def test_a_finding_is_shown_while_it_is_written_and_goes_when_it_is_repaired(editor: Editor) -> None:
    editor.open(CRATE, WEB.replace("package: nginx", "pakage: nginx"))
    (found,) = editor.findings(CRATE)
    # The face before it counts as two, as in UTF-16.
    assert marked(found) == (3, 38, 3, 44)
    assert (found["severity"], found["code"], found["source"]) == (1, "unknown-key", "vigo")
    assert "did you mean 'package'?\nhint: one of: " in found["message"]
    editor.write(CRATE, WEB)
    assert editor.findings(CRATE) == []


def test_an_error_in_one_file_is_found_by_what_another_says(editor: Editor) -> None:
    editor.open(CRATE, WEB.replace("configcrate: web", "configcrate: wob"))
    (found,) = editor.findings("envoys.vgo")
    assert marked(found) == (1, 32, 1, 35)
    assert "did you mean 'wob'?" in found["message"]
    editor.close(CRATE)
    assert editor.findings("envoys.vgo") == []


def test_a_half_written_line_is_completed(editor: Editor) -> None:
    text = f"{WEB}  - name: page\n    type: file\n    pa"
    editor.open(CRATE, text)
    path = next(one for one in editor.at("completion", CRATE, 7, 6)["items"] if one["label"] == "path")
    assert path["textEdit"]["newText"] == "path: "
    assert path["textEdit"]["range"] == {"start": {"line": 7, "character": 4}, "end": {"line": 7, "character": 6}}
    assert path["documentation"]["kind"] == "markdown"
    assert path["detail"].startswith("required")
    editor.write(CRATE, f"{WEB}  - {{name: page, type: file, depends_on: [")
    assert editor.labels(CRATE, 5, 45) == ["\U0001f600 nginx", "conf"]


def test_a_name_is_told_and_leads_to_its_declaration(editor: Editor) -> None:
    editor.open("envoys.vgo", ENVOYS)
    hover = editor.at("hover", "envoys.vgo", 1, 34)
    assert hover["contents"]["value"].startswith("`web`: configcrate, 2 resources")
    assert hover["range"] == {"start": {"line": 1, "character": 32}, "end": {"line": 1, "character": 35}}
    (place,) = editor.at("definition", "envoys.vgo", 1, 34)
    assert place == {
        "uri": editor.uri(CRATE),
        "range": {"start": {"line": 0, "character": 13}, "end": {"line": 0, "character": 16}},
    }
    editor.open(CRATE, f"# moved\n{WEB}")
    (variable,) = editor.at("definition", CRATE, 5, 70)
    assert variable["range"]["start"] == {"line": 2, "character": 7}


def test_columns_count_in_the_units_that_the_editor_prefers(stacks: Path) -> None:
    with Editor(stacks, capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}}) as editor:
        assert editor.answer["capabilities"]["positionEncoding"] == "utf-8"
        editor.open(CRATE, WEB.replace("package: nginx", "pakage: nginx"))
        (found,) = editor.findings(CRATE)
        assert marked(found) == (3, 40, 3, 46)


def test_an_editor_that_shows_no_markdown_gets_plain_text(stacks: Path) -> None:
    capabilities = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
    with Editor(stacks, capabilities=capabilities) as editor:
        editor.open("envoys.vgo", ENVOYS)
        assert editor.at("hover", "envoys.vgo", 1, 34)["contents"]["kind"] == "plaintext"


def test_a_change_on_the_disk_is_seen_when_the_editor_tells_of_it(stacks: Path) -> None:
    capabilities = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    with Editor(stacks, capabilities=capabilities) as editor:
        editor.open("envoys.vgo", ENVOYS)
        assert editor.at("hover", "envoys.vgo", 1, 34) is not None
        (asked,) = (one for one in editor.stray if one["method"] == "client/registerCapability")
        assert asked["params"]["registrations"][0]["method"] == "workspace/didChangeWatchedFiles"
        (stacks / CRATE).unlink()
        change = {"uri": editor.uri(CRATE), "type": 3}
        editor.tell("workspace/didChangeWatchedFiles", {"changes": [change]})
        (found,) = editor.findings("envoys.vgo")
        assert found["code"] == "unknown-configcrate"
        (stacks / "configcrates/new.vgo").write_text(WEB)
        editor.tell("workspace/didChangeWatchedFiles", {"changes": [{**change, "type": 1}]})
        assert editor.findings("envoys.vgo") == []


def test_only_the_stacks_that_are_given_are_served(stacks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "configcrates").mkdir(parents=True)
    with Editor(stacks, "--stacks", str(other)) as editor:
        editor.open(CRATE, "configcrate: [")
        assert editor.at("completion", CRATE, 0, 3) is None
        uri = (other / "envoys.vgo").as_uri()
        document = {"uri": uri, "languageId": "vgo", "version": 1, "text": "envoys: 1\n"}
        editor.tell("textDocument/didOpen", {"textDocument": document})
        assert len(editor.told("textDocument/publishDiagnostics", uri)["diagnostics"]) == 1


def test_what_is_no_document_of_any_stacks_is_let_be(editor: Editor, tmp_path: Path) -> None:
    (editor.folder / "configcrates/binary.vgo").write_bytes(bytes(range(256)))
    (editor.folder / "configcrates/large.vgo").write_text("a: b\n" * (MOST_BYTES // 5 + 1))
    outside = (tmp_path / "notes.vgo").as_uri()
    for uri in (outside, "untitled:Untitled-1", "git:/a/b.vgo?x", "file:///"):
        document = {"uri": uri, "languageId": "vgo", "version": 1, "text": "configcrate: [\n"}
        editor.tell("textDocument/didOpen", {"textDocument": document})
        place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}}
        assert [editor.ask(f"textDocument/{what}", place) for what in ("completion", "hover", "definition")] == [
            None
        ] * 3
    editor.open("configcrates/binary.vgo", bytes(range(256)).decode(errors="replace"))
    assert [one["code"] for one in editor.findings("configcrates/large.vgo")] == ["too-large"]
    assert editor.findings("configcrates/binary.vgo") != []
    editor.open("configcrates/large.vgo", "a: b\n" * (MOST_BYTES // 5 + 1))
    assert editor.labels("configcrates/large.vgo", 400_000, 1) == []
    assert editor.at("hover", "envoys.vgo", 99_999, 99_999) is None
    assert editor.at("hover", "configcrates/missing.vgo", 0, 0) is None


def test_stacks_that_vanish_and_files_that_are_renamed_break_nothing(stacks: Path) -> None:
    with Editor(stacks) as editor:
        editor.open(CRATE, WEB)
        assert editor.labels(CRATE, 5, 0) != []
        (stacks / CRATE).rename(stacks / "configcrates/site.vgo")
        editor.close(CRATE)
        editor.open("configcrates/site.vgo", WEB.replace("type: file", "type: fil"))
        assert [one["code"] for one in editor.findings("configcrates/site.vgo")] == ["unknown-kind"]
        for path in sorted(stacks.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        stacks.rmdir()
        editor.tell("textDocument/didSave", {"textDocument": {"uri": editor.uri("configcrates/site.vgo")}})
        editor.write("configcrates/site.vgo", WEB + "x: 1\n")
        editor.at("completion", "configcrates/site.vgo", 5, 0)
    assert "Traceback" not in editor.log()


def test_what_is_no_message_is_told_in_the_log_and_the_next_one_is_answered(stacks: Path) -> None:
    with Editor(stacks) as editor:
        body = b'{"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": {'
        editor.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        nonsense = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"a": 1}}).encode()
        editor.raw(b"Content-Length: %d\r\n\r\n%s" % (len(nonsense), nonsense))
        unopened = {"uri": editor.uri("a.vgo"), "version": 1}
        editor.tell("textDocument/didChange", {"textDocument": unopened, "contentChanges": [{"text": "x"}]})
        editor.open("envoys.vgo", ENVOYS)
        assert editor.at("hover", "envoys.vgo", 1, 34) is not None
        assert not [one for one in editor.stray if one["method"] == "window/showMessage"]
    assert "vigocli config lsp: " in editor.log()


@pytest.mark.parametrize(("farewell", "status"), [("exit", 0), ("", 1)])
def test_the_server_ends_with_its_editor(stacks: Path, farewell: str, status: int) -> None:
    editor = Editor(stacks)
    editor.__enter__()
    if farewell:
        editor.ask("shutdown", None)
        editor.tell(farewell, None)
    assert editor.end() == status


def test_a_terminal_is_no_editor(offline: Desk) -> None:
    status, seen = Terminal(offline).run("config", "lsp")
    assert status == 2
    assert "expected an editor at the other end, found a terminal" in seen


def test_any_place_of_any_file_is_answered(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - the same places each time
    for number, stacks in enumerate(every_stacks().values()):
        (tmp_path / f"fuzz/{number}/configcrates").mkdir(parents=True)
        for name, content in stacks.items():
            (tmp_path / f"fuzz/{number}/{name}").parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"fuzz/{number}/{name}").write_bytes(content)
    with Editor(tmp_path / "fuzz") as editor:
        for number, stacks in enumerate(every_stacks().values()):
            name = chance.choice(sorted(stacks))
            text = stacks[name].decode(errors="replace")
            offset = chance.randint(0, len(text))
            document = f"{number}/{name}"
            editor.open(document, text[:offset] + chance.choice(("", "\n", ": ", "{{ ", text[offset:])))
            place = Text(text).position(offset)
            for what in ("completion", "hover", "definition"):
                _check(editor.at(what, document, *place), text, place)
            editor.close(document)
    assert editor.log() == ""


def _check(answer: Any, text: str, place: Position) -> None:
    for one in answer["items"] if isinstance(answer, dict) and "items" in answer else ():
        start, end = one["textEdit"]["range"]["start"], one["textEdit"]["range"]["end"]
        assert start["line"] == end["line"] == place.line, text
        assert start["character"] <= place.character <= end["character"], text
