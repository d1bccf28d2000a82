from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.engine.diff import MAX_CHARACTERS, MAX_CHARACTERS_IN_A_PASS, MAX_INPUT_BYTES, Diffs, unified
from vigo.catalog.ops import RemoveFile, WriteFile
from vigo.testing.fake_host import FakeHost, FakeNode


def test_a_diff_shows_what_goes_and_what_comes() -> None:
    diff = unified("/a", b"one\ntwo\n", b"one\nthree\n")
    assert diff == "--- /a (now)\n+++ /a (declared)\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"


def test_a_missing_line_feed_is_said() -> None:
    assert "\\ no line feed at the end" in unified("/a", b"x", b"x\n")


def test_what_is_no_text_is_only_described() -> None:
    assert unified("/a", b"\0\1", b"text") == "/a: 2 bytes become 4; not text\n"
    assert unified("/a", b"\xff\xfe", b"") == "/a: 2 bytes become 0; not text\n"


def test_a_private_files_content_is_not_shown() -> None:
    host = FakeHost({"/key": FakeNode(content=b"old secret", mode=0o600), "/open": "old"})
    diffs = Diffs(host)
    for op in (
        WriteFile(path="/key", content=b"new secret", mode=0o644),
        WriteFile(path="/open", content=b"new secret", mode=0o600),
        WriteFile(path="/new", content=b"new secret", mode=0o640),
    ):
        assert "secret" not in diffs.of([op])
        assert op.path in diffs.of([op])


def test_a_huge_file_is_not_compared() -> None:
    host = FakeHost({"/a": b"x" * (MAX_INPUT_BYTES + 1)})
    assert "too large to compare" in Diffs(host).of([WriteFile(path="/a", content=b"")])


def test_a_file_that_cannot_be_read_is_told_and_does_not_stop_the_write() -> None:
    host = FakeHost({"/a": FakeNode(unreadable="no permission")})
    assert "not shown" in Diffs(host).of([WriteFile(path="/a", content=b"x")])


def test_the_diffs_of_a_pass_stay_below_their_limit() -> None:
    diffs = Diffs(FakeHost())
    content = "".join(f"{index:060}\n" for index in range(150)).encode()
    texts = [diffs.of([WriteFile(path=f"/f{index}", content=content)]) for index in range(100)]
    assert sum(len(text) for text in texts) < MAX_CHARACTERS_IN_A_PASS + 100 * 80
    assert "over their limit" in texts[-1]


def test_other_operations_have_no_diff() -> None:
    assert Diffs(FakeHost({"/a": "x"})).of([RemoveFile(path="/a")]) == ""


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_two_contents_have_a_bounded_diff(before: bytes, after: bytes) -> None:
    diff = unified("/a", before, after)
    assert len(diff) <= MAX_CHARACTERS + 20
    assert (diff == "") == (before == after) or b"\0" in before + after or "not text" in diff
