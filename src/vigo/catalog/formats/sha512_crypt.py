"""Password hashes of the form `$6$SALT$...`, which every Linux C library checks.

Written out because the standard library loses `crypt` with Python 3.13 and the agent's dependencies stay few.
Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; crypt(5).
"""

import hashlib
import re

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DEFAULT_ROUNDS, _MIN_ROUNDS = 5000, 1000
_MAX_ROUNDS = 1_000_000
"""A hash that asks for more is taken for another password: a crafted shadow file must not hold the agent up."""
_SETTING = re.compile(r"\$6\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]{86})", re.ASCII)
_DIGEST_BYTES = 64


def hash_password(password: str, salt: str) -> str:
    """Return the hash of a password with 5000 rounds. `salt` is up to 16 characters of `./0-9A-Za-z`."""
    return f"$6${salt}${_encoded(_digest(password.encode(), salt.encode(), _DEFAULT_ROUNDS))}"


def matches(password: str, hashed: str) -> bool:
    """Return whether a `$6$` hash is of this password. A hash of another form is never."""
    setting = _SETTING.fullmatch(hashed)
    if setting is None:
        return False
    rounds = _DEFAULT_ROUNDS if setting[1] is None else int(setting[1])
    if not _MIN_ROUNDS <= rounds <= _MAX_ROUNDS:
        return False
    salt = setting[2].encode(errors="surrogateescape")
    return _encoded(_digest(password.encode(), salt, rounds)) == setting[3]


def _digest(password: bytes, salt: bytes, rounds: int) -> bytes:
    size = len(password)
    alternate = hashlib.sha512(password + salt + password).digest()
    start = hashlib.sha512(password + salt + _repeated(alternate, size))
    bits = size
    while bits:
        start.update(alternate if bits & 1 else password)
        bits >>= 1
    result = start.digest()
    p_bytes = _repeated(hashlib.sha512(password * size).digest(), size)
    s_bytes = _repeated(hashlib.sha512(salt * (16 + result[0])).digest(), len(salt))
    for number in range(rounds):
        step = hashlib.sha512(p_bytes if number & 1 else result)
        if number % 3:
            step.update(s_bytes)
        if number % 7:
            step.update(p_bytes)
        step.update(result if number & 1 else p_bytes)
        result = step.digest()
    return result


def _repeated(block: bytes, size: int) -> bytes:
    return (block * (size // len(block) + 1))[:size]


def _encoded(digest: bytes) -> str:
    groups = []
    first, second, third = 0, 21, 42
    for _ in range(21):
        groups.append((digest[first] << 16 | digest[second] << 8 | digest[third], 4))
        first, second, third = second + 1, third + 1, first + 1
    groups.append((digest[_DIGEST_BYTES - 1], 2))
    return "".join(_ALPHABET[value >> 6 * place & 63] for value, count in groups for place in range(count))
