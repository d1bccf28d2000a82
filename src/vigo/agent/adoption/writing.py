"""Stacks for an adopted machine: a configcrate for each sort of thing, and an entry that gives them to the machine."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from vigo.agent.adoption.candidates import Candidate

_WIDTH = 120


def stacks(hostname: str, crates: Mapping[str, Sequence[Candidate]]) -> dict[str, bytes]:
    """Return the files of the stacks by their paths; sorts of which nothing was found have none.

    Contents of files stand below `files/`, where nothing is rendered.
    """
    written: dict[str, bytes] = {}
    for crate, candidates in crates.items():
        if not candidates:
            continue
        resources = [_resource(one) for one in candidates]
        text = f"# What {hostname} had when it was adopted.\n" + _yaml({"configcrate": crate, "resources": resources})
        written[f"configcrates/{crate}.vgo"] = text.encode()
        for one in candidates:
            if one.source is not None:
                written[f"files/{one.source}"] = base64.b64decode(one.fields["content_base64"])
    entry = {"match": [hostname], "configcrates": [crate for crate, candidates in crates.items() if candidates]}
    written["envoys.vgo"] = _yaml({"envoys": [entry]}).encode()
    return written


def _resource(one: Candidate) -> dict[str, Any]:
    fields = dict(one.fields)
    if one.source is not None:
        del fields["content_base64"]
        fields["source"] = f"files/{one.source}"
    return {"name": one.name, "type": one.type, **fields}


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False)
    return text
