"""Names of locales, and the list of those that are to be generated. Source: locale(1), locale.gen(5), setlocale(3)."""

import re

ALWAYS_THERE = frozenset({"C", "POSIX"})

_NAME = re.compile(r"(C|POSIX|[a-z]{2,3}(?:_[A-Z]{2})?)(\.[A-Za-z0-9-]{1,20})?(@[a-z]{1,20})?")


def is_locale(name: str) -> bool:
    """Return whether a text can be the name of a locale."""
    return _NAME.fullmatch(name) is not None


def normal_locale(name: str) -> str:
    """Return the form of a name by which two are compared: `de_DE.UTF-8` and `de_DE.utf8` are one locale."""
    found = _NAME.fullmatch(name)
    if found is None:
        return name
    charset = (found[2] or "").lower().replace("-", "")
    return f"{found[1]}{charset}{found[3] or ''}"


def charset_of(name: str, supported: str) -> str | None:
    """Return the charset that the list of supported locales has for one, or None where it is not in it."""
    for line in supported.split("\n"):
        words = line.split()
        if len(words) == 2 and words[0] == name:  # noqa: PLR2004 - name and charset
            return words[1]
    return None


def with_generated(text: str, name: str, charset: str) -> str:
    """Return /etc/locale.gen with the locale in it, in the place of the comment that offers it where there is one."""
    line = f"{name} {charset}"
    lines = text.split("\n")
    if any(one.split() == [name, charset] for one in lines):
        return text
    for index, one in enumerate(lines):
        if one.lstrip(" \t").startswith("#") and one.lstrip("# \t").split() == [name, charset]:
            lines[index] = line
            return "\n".join(lines)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{line}\n"
