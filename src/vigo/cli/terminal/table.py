"""Tables. On a terminal they fit it; elsewhere each row is one line, whole, so that other programs can cut it."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vigo.core.terminal import is_terminal, may_colour, visible

_GAP: Final = 2
_LEAST_WIDTH: Final = 60


class Cell(NamedTuple):
    """What stands in one place of a table. A cell that is `whole` is never broken into lines: an id to be copied."""

    text: str
    colour: str = ""
    whole: bool = False


def print_table(heads: Sequence[str], rows: Sequence[Sequence[Cell | str]]) -> None:
    """Print rows under their heads."""
    cells = [[_shown(cell) for cell in row] for row in rows]
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for index, head in enumerate(heads):
        whole = any(row[index].whole for row in cells)
        table.add_column(head, overflow="fold", no_wrap=whole or not is_terminal())
    for row in cells:
        table.add_row(*(Text(cell.text, style=cell.colour) for cell in row))
    console = Console(
        file=io.StringIO(),
        force_terminal=may_colour(),
        color_system="auto" if may_colour() else None,
        width=_width(heads, cells),
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=True)


def _shown(cell: Cell | str) -> Cell:
    whole = cell if isinstance(cell, Cell) else Cell(cell)
    return whole._replace(text=visible(whole.text).replace("\t", " "))


def _width(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """Return the width to print at: the terminal's, or what the widest row needs."""
    columns = zip(*([Cell(head) for head in heads], *rows), strict=True)
    needed = sum(max(cell_len(cell.text) for cell in column) + _GAP for column in columns)
    if not is_terminal():
        return needed
    try:
        found = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return needed
    # Some terminals do not know how wide they are.
    return max(found, _LEAST_WIDTH) if found else needed
