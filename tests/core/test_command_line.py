import click
import pytest
from click.testing import CliRunner

from vigo.core.command_line import Grammar, with_lists


@click.group(cls=Grammar)
def group() -> None:
    """A group."""


@group.command("needs")
@click.argument("name")
def needs(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_wrong_command_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(group, ["neds"])
    assert result.exit_code == 2
    assert "Did you mean 'needs'?" in result.output


def test_a_package_of_the_server_that_is_not_installed_is_one_line_that_says_how_to_get_it() -> None:
    result = CliRunner().invoke(group, ["needs", "uvloop.loop"])
    assert result.exit_code == 1
    assert "expected the package 'uvloop', found none" in result.output
    assert "vigo[server]" in result.output


def test_a_part_of_vigo_that_is_missing_is_a_fault_of_ours() -> None:
    result = CliRunner().invoke(group, ["needs", "vigo.gone"])
    assert isinstance(result.exception, ModuleNotFoundError)


@pytest.mark.parametrize("head", ["Example:", "Examples:", "Exit statuses:"])
def test_lists_in_a_help_text_keep_their_lines(head: str) -> None:
    assert with_lists(f"Do it.\n\n{head}\n  one\n  two\n") == f"Do it.\n\n\b\n{head}\n  one\n  two"
