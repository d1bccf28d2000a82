"""The schema of `compliance.vgo`: frameworks with their controls, and waivers. Claims stand in configcrates."""

from collections.abc import Mapping
from typing import Final

from vigo.policy.documents import compliance
from vigo.policy.schemas.parts import NAMES, SCALAR, Schema, document, map_of

# A date without quotes is one to YAML 1.1, and a text to all else.
_CONTROLS: Final[Schema] = {"anyOf": [SCALAR, {"type": "array", "items": SCALAR, "minItems": 1}]}

CLAIMS: Final[Schema] = {
    "description": "Controls that this configcrate fulfils, by framework; that is a claim, no check.",
    "type": ["object", "null"],
    "examples": [{"cis-debian-12": ["5.2.1", "5.2.7"]}],
    "additionalProperties": {"description": "Controls of this framework.", **_CONTROLS},
}
"""What a configcrate says below `compliance`."""

_FRAMEWORK: Final[Mapping[str, Schema]] = {
    "title": {"description": "Its name for people.", "examples": ["CIS Debian Linux 12 Benchmark"], **SCALAR},
    "version": {"description": "Its version, as its makers write it.", "examples": ["1.1.0"], **SCALAR},
    "controls": {
        "description": "Its controls with their titles; where it lists any, a claim of another one is an error.",
        "examples": [{"5.2.1": "Ensure permissions on sshd_config"}],
        "type": "object",
        "additionalProperties": {"description": "The control's title.", **SCALAR},
    },
}
_WAIVER: Final[Mapping[str, Schema]] = {
    "framework": {"description": "The framework of the controls.", "examples": ["cis-debian-12"], **SCALAR},
    "controls": {"description": "The controls that are not met.", "examples": [["5.2.7"]], **_CONTROLS},
    "match": {
        "description": "The machines: hostnames or patterns, as in an entry.",
        "examples": ["jump-*", ["*"]],
        **NAMES,
    },
    "reason": {"description": "Why that is accepted; what a reader in a year has to know.", **SCALAR},
    "approved_by": {"description": "Who accepted it.", "examples": ["Ada Lovelace"], **SCALAR},
    "until": {"description": "The last day on which it holds, in UTC.", "examples": ["2027-03-31"], **SCALAR},
    "ticket": {"description": "Where it was discussed.", "examples": ["SEC-41"], **SCALAR},
}


def compliance_schema() -> Schema:
    """Return the schema of `compliance.vgo`."""
    frameworks = {
        "description": "Frameworks by the names that claims and waivers use.",
        "type": ["object", "null"],
        "additionalProperties": map_of("A framework", compliance.FRAMEWORK_KEYS, _FRAMEWORK, required=("title",)),
    }
    waivers = {
        "description": "Controls that some machines need not meet for a while.",
        "type": ["array", "null"],
        "items": map_of(
            "A waiver",
            compliance.WAIVER_KEYS,
            _WAIVER,
            required=tuple(key for key in compliance.WAIVER_KEYS if key != "ticket"),
        ),
    }
    return document("What is claimed of frameworks, and waived", {"frameworks": frameworks, "waivers": waivers})
