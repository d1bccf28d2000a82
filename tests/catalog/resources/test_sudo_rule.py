import pytest

from vigo.catalog.resources.system.sudo_rule import SudoRule, SudoRuleSpec
from vigo.core.errors import InvalidError
from vigo.testing.fake_host import FakeHost, FakeNode


def test_rules_that_visudo_refuses_are_not_placed() -> None:
    host = FakeHost({"/etc/sudoers.d": FakeNode.directory()}, programs=["visudo"], guards={"visudo -cf %": 1})
    spec = SudoRuleSpec(sudo_rule="deploy", content="nonsense")
    (op,) = SudoRule().plan(spec, SudoRule().observe(spec, host))
    with pytest.raises(InvalidError, match="not accepted by visudo"):
        host.apply(op)
    assert host.list_directory("/etc/sudoers.d") == ()
