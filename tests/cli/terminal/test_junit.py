from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from vigo.cli.client.judging import Judged
from vigo.cli.terminal.junit import junit, writable
from vigo.core.plan import Origin
from vigo.policy.documents.facts import Facts
from vigo.policy.documents.tests import Expected, PolicyTest
from vigo.policy.expectations import Difference, Verdict
from vigo.policy.yaml_tree import Scalar

PLACE = Origin("tests/a.vgo", 3, 5)
ANY = st.text(st.characters(), max_size=30)


def verdict(name: str, *differences: Difference, file: str = "tests/a.vgo", seconds: float = 0.25) -> Judged:
    test = PolicyTest(Scalar(name, Origin(file, 2, 3)), Scalar("a", PLACE), {}, Facts(), Expected(origin=PLACE))
    return Judged(Verdict(test, differences), seconds)


def read(document: bytes) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - what was just written


def test_each_file_is_a_suite_with_its_counts() -> None:
    wrong = Difference(place=PLACE, message="expected a, found b", diff=("-a", "+b"))
    root = read(junit([verdict("one"), verdict("two", wrong), verdict("three", file="tests/b.vgo")]))
    assert [(one.get("name"), one.get("tests"), one.get("failures")) for one in root] == [
        ("tests/a.vgo", "2", "1"),
        ("tests/b.vgo", "1", "0"),
    ]
    assert [one.get("time") for one in root] == ["0.500000", "0.250000"]
    assert {one.get("time") for one in root.iter("testcase")} == {"0.250000"}
    (failure,) = root.iter("failure")
    assert failure.get("message") == "expected a, found b"
    assert failure.text == "tests/a.vgo:3:5: expected a, found b\n-a\n+b"


def test_no_tests_are_an_empty_document() -> None:
    assert list(read(junit([]))) == []


@given(ANY, ANY, ANY)
def test_any_name_and_message_survives(name: str, message: str, line: str) -> None:
    wrong = Difference(place=PLACE, message=message, diff=(line,))
    (case,) = read(junit([verdict(name, wrong)])).iter("testcase")
    assert case.get("name") == writable(name)
    (failure,) = case
    assert failure.get("message") == writable(message)
    assert failure.text == f"{PLACE}: {writable(message)}\n{writable(line)}"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF)))
def test_what_xml_can_hold_stays_as_it_is(name: str) -> None:
    assert writable(name) == name


def test_what_xml_cannot_hold_is_written_out() -> None:
    assert writable("a\x00\x1b\r\ud800\ufffe<&\n") == "a\\x00\\x1b\\r\\ud800\\ufffe<&\n"
