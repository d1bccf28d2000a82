"""Vigo's own table of nftables, as a file that is loaded whole. Pure: text in, text out. Source: nft(8)."""

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from vigo.core.encoding import NOT_DECODED

_HEAD = """#!/usr/sbin/nft -f
# Written by Vigo, a line for each firewall resource. It is loaded as a whole, so that no packet meets half of it.
table inet vigo
delete table inet vigo
table inet vigo {
\tchain input {
\t\ttype filter hook input priority -5; policy accept;
\t\tct state established,related accept
\t\tiif "lo" accept
\t}
\tchain output {
\t\ttype filter hook output priority -5; policy accept;
\t\tct state established,related accept
\t\toif "lo" accept
\t}
}
"""
_RULE = re.compile(r'add rule inet vigo (?P<chain>input|output) (?P<match>.*) comment "(?P<comment>[^"]*)"')
_COMMENT = re.compile(r"(?P<order>\d{3}) (?P<name>\S+) (?P<digest>[0-9a-f]{8})")


class NftRule(NamedTuple):
    """One rule: where it stands among the others, its name, its chain and what it says."""

    order: int
    name: str
    chain: str
    match: str

    @property
    def comment(self) -> str:
        """What tells the rule in the kernel: a rule that somebody wrote anew has another one."""
        digest = hashlib.sha256(f"{self.chain} {self.match}".encode()).hexdigest()[:8]
        return f"{self.order:03} {self.name} {digest}"

    @property
    def line(self) -> str:
        """The rule as it stands in the file."""
        return f'add rule inet vigo {self.chain} {self.match} comment "{self.comment}"'


class _Entry(msgspec.Struct):
    rule: "_Rule | None" = None


class _Rule(msgspec.Struct):
    comment: str = ""


class _Listing(msgspec.Struct):
    nftables: list[_Entry]


def with_rule(text: str, rule: NftRule) -> str:
    """Return the file with this rule, in the order of all, in the place of the one of its name."""
    return _written([*(one for one in _rules(text) if one.name != rule.name), rule])


def without_rule(text: str, name: str) -> str:
    """Return the file without a rule; a text that does not have it is returned as it is."""
    rules = list(_rules(text))
    left = [one for one in rules if one.name != name]
    return text if len(left) == len(rules) else _written(left)


def comments_of(text: str) -> frozenset[str]:
    """Return the comments of the rules in a file."""
    return frozenset(one.comment for one in _rules(text))


def live_comments(listing: str) -> frozenset[str] | None:
    """Return the comments of the rules that `nft -j list table` prints, or None where it prints something else."""
    try:
        entries = msgspec.json.decode(listing.encode(errors="replace"), type=_Listing).nftables
    except NOT_DECODED:
        return None
    return frozenset(one.rule.comment for one in entries if one.rule is not None and one.rule.comment)


def _rules(text: str) -> Iterator[NftRule]:
    for line in text.split("\n"):
        rule = _RULE.fullmatch(line)
        comment = None if rule is None else _COMMENT.fullmatch(rule["comment"])
        if rule is not None and comment is not None:
            yield NftRule(int(comment["order"]), comment["name"], rule["chain"], rule["match"])


def _written(rules: list[NftRule]) -> str:
    return _HEAD + "".join(f"{rule.line}\n" for rule in sorted(rules))
