from pathlib import Path

import pytest

from tools import protocol
from tools.protocol_changes import breaking_changes

BEFORE = """
syntax = "proto3";
package demo.v1;
service Calls {
  rpc Ask(Question) returns (Answer);
  rpc Watch(Question) returns (stream Answer);
}
message Spare {}
enum Mood { MOOD_UNSPECIFIED = 0; MOOD_GOOD = 1; }
message Question { string text = 1; optional string tongue = 2; reserved 7, 9 to 11; reserved "loud"; }
message Answer {
  message Line { string text = 1; }
  repeated Line lines = 1;
  oneof mark { string seal = 2; bytes stamp = 3; }
  map<string, int64> counts = 4;
  Mood mood = 5;
}
"""
COMPATIBLE = {
    "a new field": ("Mood mood = 5;", "Mood mood = 5; string more = 6;"),
    "a new message": ("message Question", "message Other {} message Question"),
    "a new value": ("MOOD_GOOD = 1;", "MOOD_GOOD = 1; MOOD_BAD = 2;"),
    "a new call": ("service Calls {", "service Calls { rpc Tell(Answer) returns (Answer);"),
    "a field gone and reserved": ("Mood mood = 5;", 'reserved 5; reserved "mood";'),
    "a value gone and reserved": ("MOOD_GOOD = 1;", 'reserved 1; reserved "MOOD_GOOD";'),
    "a wider reservation": ("reserved 7, 9 to 11;", "reserved 7 to 12;"),
}
BREAKING = {
    "a field gone": ("Mood mood = 5;", "", "field demo.v1.Answer.mood = 5 is gone"),
    "a field gone, its name free": ("Mood mood = 5;", "reserved 5;", "field demo.v1.Answer.mood = 5 is gone"),
    "a field gone, its number free": ("Mood mood = 5;", 'reserved "mood";', "field demo.v1.Answer.mood = 5 is gone"),
    "another number": ("string text = 1; optional", "string text = 3; optional", "demo.v1.Question.text = 1 is gone"),
    "another name": ("Mood mood = 5;", "Mood state = 5;", "its name was 'mood' and is 'state'"),
    "another type": ("Mood mood = 5;", "int32 mood = 5;", "its type was 'demo.v1.Mood' and is 'int32'"),
    "another key in a map": ("map<string, int64>", "map<string, int32>", "CountsEntry.value = 2: its type was 'int64'"),
    "one instead of many": ("repeated Line", "Line", "its label was 'repeated' and is 'singular'"),
    "absence no longer told": ("optional string", "string", "its label was 'optional' and is 'singular'"),
    "out of its oneof": ("bytes stamp = 3; }", "} bytes stamp = 3;", "its oneof was 'mark' and is 'none'"),
    "a nested field": ("Line { string text", "Line { bytes text", "demo.v1.Answer.Line.text = 1: its type"),
    "a message gone": ("message Spare {}", "", "message demo.v1.Spare is gone"),
    "a number free again": ("reserved 7, 9 to 11;", "reserved 9 to 11;", "7 to 7 was reserved"),
    "a range cut short": ("reserved 7, 9 to 11;", "reserved 7, 9 to 10;", "9 to 11 was reserved"),
    "a name free again": ('reserved "loud";', "", "the name 'loud' was reserved"),
    "a value gone": ("MOOD_GOOD = 1;", "", "value demo.v1.Mood.MOOD_GOOD = 1 is gone"),
    "a value renamed": ("MOOD_GOOD = 1;", "MOOD_FINE = 1;", "its name is 'MOOD_FINE' now"),
    "a call gone": ("rpc Ask(Question) returns (Answer);", "", "rpc demo.v1.Calls/Ask is gone"),
    "a call that takes another": ("Ask(Question)", "Ask(Answer)", "rpc demo.v1.Calls/Ask was (demo.v1.Question)"),
    "a call that streams no more": ("(stream Answer)", "(Answer)", "returns (stream demo.v1.Answer) and is"),
}


def test_the_generated_code_is_what_proto_yields() -> None:
    for name, content in protocol.generated().items():
        assert (protocol.WIRE / name).read_bytes() == content, f"{name} is stale: run `make proto`"


def test_no_generated_code_outlives_its_source() -> None:
    left = {path.name for path in protocol.WIRE.glob("*_pb2.py*")} - set(protocol.generated())
    assert not left, f"nothing in proto/ yields {sorted(left)}: delete them"


def test_peers_of_the_recorded_protocol_still_understand_this_one() -> None:
    before = protocol.recorded(protocol.BASELINE)
    assert before.messages, "there is no baseline: run `make proto-baseline`"
    broken = breaking_changes(before, protocol.protocol_of(protocol.PROTO))
    assert not broken, "older agents and servers would misread this protocol:\n" + "\n".join(broken)


def test_every_addition_is_recorded() -> None:
    same = protocol.recorded(protocol.BASELINE) == protocol.protocol_of(protocol.PROTO)
    assert same, "the protocol has grown since its baseline: run `make proto-baseline` and commit it"


@pytest.mark.parametrize(("old", "new"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_an_addition_is_compatible(tmp_path: Path, old: str, new: str) -> None:
    assert _changes(tmp_path, old, new) == []


@pytest.mark.parametrize(("old", "new", "told"), BREAKING.values(), ids=BREAKING)
def test_a_breaking_change_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(told in line for line in _changes(tmp_path, old, new))


def test_a_breaking_change_never_becomes_the_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "baseline.json"
    assert protocol.accept(_compiled(tmp_path / "a", BEFORE), baseline) == 0
    recorded = baseline.read_bytes()
    assert protocol.accept(_compiled(tmp_path / "b", BEFORE.replace("Mood mood = 5;", "")), baseline) == 1
    assert baseline.read_bytes() == recorded
    assert "demo.v1.Answer.mood = 5 is gone" in capsys.readouterr().err


def test_the_baseline_holds_all_that_was_declared(tmp_path: Path) -> None:
    declared = _compiled(tmp_path, BEFORE)
    protocol.accept(declared, tmp_path / "baseline.json")
    assert protocol.recorded(tmp_path / "baseline.json") == declared


def _changes(folder: Path, old: str, new: str) -> list[str]:
    assert BEFORE.count(old) == 1
    before = _compiled(folder / "before", BEFORE)
    return breaking_changes(before, _compiled(folder / "now", BEFORE.replace(old, new)))


def _compiled(folder: Path, source: str) -> protocol.Protocol:
    folder.mkdir(exist_ok=True)
    (folder / "demo.proto").write_text(source)
    return protocol.protocol_of(folder)
