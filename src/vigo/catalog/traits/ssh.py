"""The trait set `ssh`."""

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Final

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.host_keys import parse_public_key
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.sshd_config import SshdLine, SshdSettings, parse_sshd_config, settings_of

_FOLDER = "/etc/ssh"
_CONFIGS = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
"""openSUSE keeps the file of its package in the second place, and the operator's replaces it."""
_HOST_KEY = "ssh_host_*_key.pub"
_MOST_KEYS, _MOST_FILES, _MOST_WORDS, _LONGEST, _HIGHEST_PORT = 20, 100, 100, 500, 65535
_USUAL_PORT = 22
_NOWHERE = "/dev/null"
_WILDCARDS = frozenset("*?[")

_DEFAULTS: Final = {
    "AllowAgentForwarding": "yes",
    "AllowTcpForwarding": "yes",
    "AuthenticationMethods": "any",
    "AuthorizedKeysCommand": "none",
    "AuthorizedKeysFile": ".ssh/authorized_keys .ssh/authorized_keys2",
    "Banner": "none",
    "Ciphers": "",
    "ClientAliveCountMax": "3",
    "ClientAliveInterval": "0",
    "GatewayPorts": "no",
    "GSSAPIAuthentication": "no",
    "HostbasedAuthentication": "no",
    "IgnoreRhosts": "yes",
    "KbdInteractiveAuthentication": "yes",
    "KexAlgorithms": "",
    "LoginGraceTime": "120",
    "LogLevel": "INFO",
    "MACs": "",
    "MaxAuthTries": "6",
    "MaxSessions": "10",
    "MaxStartups": "10:30:100",
    "PasswordAuthentication": "yes",
    "PermitEmptyPasswords": "no",
    "PermitRootLogin": "prohibit-password",
    "PermitTunnel": "no",
    "PermitUserEnvironment": "no",
    "PubkeyAcceptedAlgorithms": "",
    "PubkeyAuthentication": "yes",
    "StrictModes": "yes",
    "TrustedUserCAKeys": "none",
    "UseDNS": "no",
    "UsePAM": "no",
    "X11Forwarding": "no",
}
"""The settings that are told, with what holds where no file says otherwise; empty is the program's own list."""
_TITLES = {"PermitRootLogin": {"without-password": "prohibit-password"}}
_FLAGS = frozenset({"yes", "no"})


class HostKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key by which the host shows who it is."""

    type: Annotated[str, field("Type as the protocol names it.", example="ssh-ed25519")]
    fingerprint: Annotated[
        str,
        field(
            "SHA-256 fingerprint as `ssh-keygen -l` prints it.",
            example="SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        ),
    ]


class SshTraits(TraitSet, frozen=True, kw_only=True):
    """The host's SSH keys and what its daemon's files say for every connection. Private keys are not read."""

    present: Annotated[bool, field("Whether the host has a file of settings for the daemon.")]
    host_keys: Annotated[
        dict[str, HostKey], field("Keys by the path of the public one, the first 20 of `/etc/ssh/ssh_host_*_key.pub`.")
    ]
    ports: Annotated[tuple[int, ...], field("Ports that it listens at, sorted; none without settings.", example=[22])]
    listen_addresses: Annotated[
        tuple[str, ...], field("Addresses that it is bound to; empty for all.", example=["192.0.2.7"])
    ]
    settings: Annotated[
        dict[str, str],
        field(
            "Chosen settings by their name in sshd_config(5), words joined by blanks, cut at 500 characters; an empty"
            " list of algorithms is the program's own.",
            example={"PermitRootLogin": "no"},
        ),
    ]
    defaults: Annotated[
        tuple[str, ...], field("Names of those of `settings` that no file sets, so that OpenSSH's default holds.")
    ]
    allow_users: Annotated[tuple[str, ...], field("Patterns of AllowUsers, at most 100; empty for everybody.")]
    allow_groups: Annotated[tuple[str, ...], field("Patterns of AllowGroups, at most 100; empty for everybody.")]
    deny_users: Annotated[tuple[str, ...], field("Patterns of DenyUsers, at most 100.")]
    deny_groups: Annotated[tuple[str, ...], field("Patterns of DenyGroups, at most 100.")]
    match_blocks: Annotated[
        int, field("Number of `Match` blocks: they can change settings for some connections.", example=0)
    ]


@collector("ssh", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_ssh(host: ReadHost) -> SshTraits:
    """Report the host's keys and the daemon's settings. Source: sshd_config(5), sshd(8).

    What the daemon was started with by options, or before its files changed, is not known here.

    Raises:
        UnavailableError: a file cannot be read.
    """
    text = next((text for path in _CONFIGS if (text := host.read_text(path)) is not None), None)
    found = SshdSettings({}, 0) if text is None else settings_of(parse_sshd_config(text), _Included(host))
    values = found.values
    set_here = {name for name in _DEFAULTS if name.lower() in values}
    return SshTraits(
        present=text is not None,
        host_keys=dict(_host_keys(host)),
        ports=() if text is None else _ports(values.get("port", ()), values.get("listenaddress", ())),
        listen_addresses=values.get("listenaddress", ())[:_MOST_WORDS],
        settings={}
        if text is None
        else {name: _value(name, values[name.lower()]) if name in set_here else _DEFAULTS[name] for name in _DEFAULTS},
        defaults=() if text is None else tuple(sorted(set(_DEFAULTS) - set_here)),
        allow_users=values.get("allowusers", ())[:_MOST_WORDS],
        allow_groups=values.get("allowgroups", ())[:_MOST_WORDS],
        deny_users=values.get("denyusers", ())[:_MOST_WORDS],
        deny_groups=values.get("denygroups", ())[:_MOST_WORDS],
        match_blocks=found.match_blocks,
    )


class _Included:
    """Reads the files that patterns name, all in all no more than a bounded number: they could include themselves."""

    def __init__(self, host: ReadHost) -> None:
        self._host = host
        self._left = _MOST_FILES

    def __call__(self, pattern: str) -> Iterator[tuple[SshdLine, ...]]:
        for path in _expanded(self._host, pattern if pattern.startswith("/") else f"{_FOLDER}/{pattern}"):
            if self._left <= 0:
                return
            self._left -= 1
            # A link to nowhere is how operators take a file of a package back.
            text = None if self._host.read_link(path) == _NOWHERE else self._host.read_text(path)
            if text is not None:
                yield parse_sshd_config(text)


def _expanded(host: ReadHost, pattern: str) -> list[str]:
    """Return the paths that fit a pattern, sorted, as glob(7) has it: no name that begins with a dot."""
    paths = [""]
    for part in pattern.split("/")[1:]:
        if _WILDCARDS.isdisjoint(part):
            paths = [f"{path}/{part}" for path in paths]
        else:
            paths = [
                f"{path}/{name}"
                for path in paths
                for name in host.list_directory(path or "/") or ()
                if fnmatchcase(name, part) and not name.startswith(".")
            ][:_MOST_FILES]
    return paths


def _host_keys(host: ReadHost) -> Iterator[tuple[str, HostKey]]:
    names = [name for name in host.list_directory(_FOLDER) or () if fnmatchcase(name, _HOST_KEY)]
    for name in names[:_MOST_KEYS]:
        found = parse_public_key(host.read_text(f"{_FOLDER}/{name}") or "")
        if found is not None:
            yield f"{_FOLDER}/{name}", HostKey(type=found.type, fingerprint=found.fingerprint)


def _ports(told: tuple[str, ...], addresses: tuple[str, ...]) -> tuple[int, ...]:
    """Return the ports. An address may name its own, `[::1]:2222`, and then no other one counts for it."""
    numbers = [number for word in told if (number := _port(word)) is not None] or [_USUAL_PORT]
    own = [_port(word.rpartition(":")[2]) if _has_port(word) else None for word in addresses]
    found = {number for number in own if number is not None}
    return tuple(sorted(found | (set(numbers) if None in own or not own else set())))[:_MOST_WORDS]


def _has_port(address: str) -> bool:
    return "]:" in address or address.count(":") == 1


def _port(word: str) -> int | None:
    number = whole_number(word)
    return number if number is not None and 0 < number <= _HIGHEST_PORT else None


def _value(name: str, words: tuple[str, ...]) -> str:
    text = " ".join(words)[:_LONGEST]
    plain = text.lower()
    return _TITLES.get(name, {}).get(plain, plain if plain in _FLAGS else text)
