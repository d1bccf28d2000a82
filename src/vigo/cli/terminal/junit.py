"""The results of tests as JUnit writes them, which every CI system reads."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from vigo.policy.expectations import Verdict

# What XML 1.0 cannot hold, and line ends that a reader would change. Source: XML 1.0, 2.2 and 2.11.
_UNWRITABLE: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'


def junit(verdicts: Iterable[Verdict]) -> bytes:
    """Return the document: a suite for each file, a case for each test, what differs as its failure."""
    root = ET.Element("testsuites", _attributes({"name": "vigocli config test"}))
    for file, found in groupby(verdicts, key=lambda one: one.test.file):
        cases = list(found)
        failed = sum(not one.passed for one in cases)
        counts = {"name": file, "tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
        suite = ET.SubElement(root, "testsuite", _attributes(counts))
        for one in cases:
            _add_case(suite, one)
    ET.indent(root)
    return f"{_DECLARATION}\n{ET.tostring(root, encoding='unicode')}\n".encode()


def writable(text: str) -> str:
    """Return the text with what XML cannot hold written out as Python writes it."""
    return _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def _add_case(suite: ET.Element, verdict: Verdict) -> None:
    test = verdict.test
    place = {"classname": test.file, "file": test.file, "line": str(test.name.origin.line)}
    case = ET.SubElement(suite, "testcase", _attributes({"name": test.name.text, **place}))
    if verdict.passed:
        return
    first = verdict.differences[0]
    failure = ET.SubElement(case, "failure", _attributes({"type": "difference", "message": first.message}))
    lines = [line for one in verdict.differences for line in (f"{one.place}: {one.message}", *one.diff)]
    failure.text = writable("\n".join(lines))


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    return {name: writable(value) for name, value in given.items()}
