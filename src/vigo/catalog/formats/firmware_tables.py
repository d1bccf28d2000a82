"""What a machine's firmware says of it (DMI). Pure: text in, values out. Source: DMTF DSP0134, SMBIOS."""

from vigo.catalog.formats.numbers import whole_number

_LONGEST = 200
_CHASSIS = {
    3: "desktop",
    4: "desktop",
    5: "desktop",
    6: "desktop",
    7: "tower",
    8: "portable",
    9: "laptop",
    10: "laptop",
    11: "handheld",
    13: "all_in_one",
    14: "laptop",
    15: "desktop",
    16: "desktop",
    17: "server",
    23: "server",
    24: "desktop",
    25: "server",
    28: "blade",
    29: "blade",
    30: "tablet",
    31: "convertible",
    32: "detachable",
    33: "gateway",
    34: "embedded",
    35: "mini",
    36: "stick",
}
_UNTOLD_KINDS = frozenset({1, 2})
_PLACEHOLDERS = frozenset(
    {
        *("to be filled by o.e.m.", "default string", "not specified", "not applicable", "not available", "none"),
        *("system manufacturer", "system product name", "system version", "system serial number", "system sku"),
        *("o.e.m.", "oem", "n/a", "na", "unknown", "undefined", "empty", "invalid", "base board serial number"),
        *("chassis manufacturer", "chassis version", "chassis serial number", "no asset tag", "asset tag", "sku"),
        *("chassis asset tag", "base board asset tag", "no asset information", "type1family", "type2 - board version"),
        *("asset-1234567890", "1234567890", "0123456789", "123456789", "00000000"),
    }
)
"""What makers leave in a field that they never filled in, in small letters."""


def told_text(text: str) -> str:
    """Return the value of a field, cut at 200 characters; empty where it holds nothing but filling."""
    line = " ".join(text.replace("\0", " ").split())[:_LONGEST]
    is_filling = line.lower() in _PLACEHOLDERS or not line.strip("0.-_ xX?*")
    return "" if is_filling else line


def chassis_kind(text: str) -> str:
    """Return the kind of the case by its number: server, laptop and so on, `other` for a rare one, empty if unknown."""
    number = whole_number(text)
    if number is None or number in _UNTOLD_KINDS:
        return ""
    return _CHASSIS.get(number, "other")
