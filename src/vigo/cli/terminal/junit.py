"""The results of tests as JUnit writes them, which every CI system reads."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from vigo.cli.client.judging import Judged

# What XML 1.0 cannot hold, and line ends that a reader would change. Source: XML 1.0, 2.2 and 2.11.
_UNWRITABLE: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'


def junit(tests: Iterable[Judged]) -> bytes:
    """Return the document: a suite for each file, a case for each test, what differs as its failure."""
    root = ET.Element("testsuites", _attributes({"name": "vigocli config test"}))
    for file, found in groupby(tests, key=lambda one: one.verdict.test.file):
        cases = list(found)
        failed = sum(not one.verdict.passed for one in cases)
        counts = {"name": file, "tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
        counts["time"] = _seconds(sum(one.seconds for one in cases))
        suite = ET.SubElement(root, "testsuite", _attributes(counts))
        for one in cases:
            _add_case(suite, one)
    ET.indent(root)
    return f"{_DECLARATION}\n{ET.tostring(root, encoding='unicode')}\n".encode()


def writable(text: str) -> str:
    """Return the text with what XML cannot hold written out as Python writes it."""
    return _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def _add_case(suite: ET.Element, judged: Judged) -> None:
    verdict = judged.verdict
    test = verdict.test
    place = {"classname": test.file, "file": test.file, "line": str(test.name.origin.line)}
    told = {"name": test.name.text, **place, "time": _seconds(judged.seconds)}
    case = ET.SubElement(suite, "testcase", _attributes(told))
    if verdict.passed:
        return
    first = verdict.differences[0]
    failure = ET.SubElement(case, "failure", _attributes({"type": "difference", "message": first.message}))
    lines = [line for one in verdict.differences for line in (f"{one.place}: {one.message}", *one.diff)]
    failure.text = writable("\n".join(lines))


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    return {name: writable(value) for name, value in given.items()}
