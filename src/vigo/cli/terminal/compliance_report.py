"""A compliance report in the forms that are kept or handed on."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from minijinja import Environment

_PAGE: Final = Path(__file__).with_name("compliance_report.html")
_STATES: Final = ("unmet", "unknown", "unclaimed", "waived", "met")
_HEAD: Final = ("framework", "control", "title", "hostname", "state", "configcrates", "run", "run_at", "reason")
_FORMULA: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def as_csv(answer: Mapping[str, Any]) -> str:
    """Return a line for each control on each machine. Source: RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    for one in answer["by_control"]:
        for evidence in one["evidence"]:
            cells = (
                *(answer["framework"], one["control"], one["title"], evidence["hostname"], evidence["state"]),
                *(" ".join(evidence["configcrates"]), evidence["run"], evidence["run_at"], evidence["reason"]),
            )
            writer.writerow([_text(cell) for cell in cells])
    return text.getvalue()


def as_html(answer: Mapping[str, Any]) -> str:
    """Return a page that stands by itself; all texts are escaped."""
    environment = Environment(templates={_PAGE.name: _PAGE.read_text("utf-8")})
    return environment.render_template(_PAGE.name, states=_STATES, **answer)


def as_json(answer: Mapping[str, Any]) -> str:
    """Return what the server said."""
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"


FORMS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {"csv": as_csv, "html": as_html, "json": as_json}


def _text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
