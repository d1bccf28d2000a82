"""Addresses of the shape `scheme://user:password@host/path?key=value`, made safe to show."""

import re

_AUTHORITY = re.compile(r"(?<=://)[^\s]*@")
_QUERY_VALUE = re.compile(r"(?<=[?&;])([^=&;\s]*)=([^&;#\s]*)")
_FRAGMENT = re.compile(r"#\S*")
_KEYS = """
arch basearch cc content country countme credentials infra mirrorlist path proto protocol release releasever repo
service ssl_verify type version
"""
_HARMLESS = frozenset(_KEYS.split())
"""What mirror lists and zypper are asked with. `credentials` names a file beneath /etc/zypp/credentials.d."""
HIDDEN = "***"
_LONGEST = 2000


def without_credentials(address: str) -> str:
    """Return an address in which whatever may be a password, a token or a user's name is `***`.

    A password may hold a slash or an at sign that nobody encoded, so all up to the last at sign goes. Of a query the
    values stay whose keys are known to be harmless. Of an address over 2,000 characters nothing is shown.
    """
    if len(address) > _LONGEST:
        return HIDDEN
    shown = _AUTHORITY.sub(f"{HIDDEN}@", address)
    if "://" in shown:
        shown = _FRAGMENT.sub("", shown)
    return _QUERY_VALUE.sub(_safe_value, shown)


def _safe_value(found: re.Match[str]) -> str:
    key, value = found.groups()
    return f"{key}={value}" if key.lower() in _HARMLESS or not value else f"{key}={HIDDEN}"
