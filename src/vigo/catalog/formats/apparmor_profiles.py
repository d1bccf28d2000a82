"""The kernel's list of AppArmor's profiles. Pure: text in, values out."""

import re

_LINE = re.compile(r"(?P<name>\S.*) \((?P<mode>enforce|complain|kill|prompt|unconfined|mixed|user)\)")
_LONGEST = 200


def parse_apparmor_profiles(text: str) -> dict[str, str]:
    """Return the mode of each profile by its name; a line of another form is passed over.

    A name may hold blanks and parentheses, so the mode is what stands last. Source: apparmor(7).
    """
    lines = (_LINE.fullmatch(line.strip()) for line in text.split("\n"))
    return {found["name"][:_LONGEST]: found["mode"] for found in lines if found is not None}
