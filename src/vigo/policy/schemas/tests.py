"""The schema of a file below `tests/`: made-up machines, and what the stacks shall give them."""

from collections.abc import Mapping
from typing import Final

from vigo.core.conditions import PREDICATES
from vigo.policy.documents import facts, tests
from vigo.policy.schemas.parts import BOOLEAN, NAMES, NOTHING, SCALAR, WRITTEN_BOOLEANS, Schema, document, map_of
from vigo.policy.schemas.traits import traits_schema

_EXPECT: Final[Mapping[str, Schema]] = {
    "environment": {
        "description": "The environment that the machine has; null for none.",
        "examples": ["production"],
        "anyOf": [SCALAR, NOTHING],
    },
    "roles": {"description": "All its roles, included ones too, in their order.", "examples": [["base"]], **NAMES},
    "resources": {
        "description": "Resources that it must have, each with the fields that must have these values.",
        "examples": [{"web/conf": {"mode": "0644"}}],
        "type": ["object", "null"],
        "additionalProperties": {"type": ["object", "null"]},
    },
    "absent": {
        "description": "Resources that it must not get, or that a condition must skip.",
        "examples": [["debug/strace"]],
        **NAMES,
    },
    "skipped": {"description": "Resources that a condition must skip.", "examples": [["web/hold"]], **NAMES},
    "order": {
        "description": "Resources that must stand in this order; others may stand between.",
        "examples": [["web/conf", "web/restart"]],
        **NAMES,
    },
    "error": {
        "description": "A part of what a run would fail with, or of the message that no entry covers the host.",
        "examples": ["`traits.os` is undefined"],
        **SCALAR,
    },
}


def tests_schema() -> Schema:
    """Return the schema of a file of tests."""
    known: Mapping[str, Schema] = {
        "name": {
            "description": "What is tried; once in a file.",
            "examples": ["a production edge listens on 80"],
            **SCALAR,
        },
        "host": {
            "description": "The machine's hostname; an entry must cover it, but for an expected `error`.",
            "examples": ["edge7"],
            **SCALAR,
        },
        "traits": traits_schema(),
        "facts": {
            "description": "How predicates answer that look at a machine.",
            "examples": [{"file_exists": {"/etc/nologin": False}}],
            **map_of("Facts", facts.FACTS, _facts()),
        },
        "expect": {
            "description": "What the machine gets; at least one of the keys.",
            **map_of("What is expected", tests.EXPECT_KEYS, _EXPECT),
            "type": "object",
        },
    }
    every = {
        "description": "Machines that are made up, and what the stacks shall give them.",
        "type": ["array", "null"],
        "items": map_of("A test", tests.KEYS, known, required=("name", "host", "expect")),
    }
    return document("Tests of a policy", {"tests": every})


def _facts() -> Mapping[str, Schema]:
    answers = {
        name: {
            "description": f"How `{name}` answers, by its argument.",
            "type": ["object", "null"],
            "additionalProperties": {"anyOf": [BOOLEAN, WRITTEN_BOOLEANS]},
        }
        for name in PREDICATES
        if name in facts.ANSWERED
    }
    clock = {"description": "The machine's time of day.", "examples": ["23:00"], **SCALAR}
    return {**answers, facts.LOCAL_TIME: clock}
