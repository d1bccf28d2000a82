from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.nft_rules import NftRule, comments_of, live_comments, with_rule, without_rule

RULES = st.builds(
    NftRule,
    st.integers(0, 999),
    st.sampled_from(["a", "b", "c.d-e"]),
    st.sampled_from(["input", "output"]),
    st.sampled_from(["tcp dport { 22 } counter accept", "counter drop"]),
)


@given(st.lists(RULES))
def test_each_name_has_one_rule_and_they_stand_in_order(rules: list[NftRule]) -> None:
    text = ""
    for rule in rules:
        text = with_rule(text, rule)
    last = {rule.name: rule for rule in rules}
    assert comments_of(text) == {rule.comment for rule in last.values()}
    lines = [line for line in text.split("\n") if line.startswith("add rule")]
    assert lines == [rule.line for rule in sorted(last.values())]
    for name in last:
        text = without_rule(text, name)
    assert comments_of(text) == frozenset()


@given(st.text(), RULES)
def test_any_text_is_a_file(text: str, rule: NftRule) -> None:
    after = with_rule(text, rule)
    assert rule.comment in comments_of(after)
    assert with_rule(after, rule) == after
    live_comments(text)


def test_what_nft_prints_is_read() -> None:
    text = '{"nftables": [{"metainfo": {}}, {"table": {}}, {"rule": {"expr": [], "comment": "500 a 12345678"}}]}'
    assert live_comments(text) == {"500 a 12345678"}
    assert live_comments("Error") is None
