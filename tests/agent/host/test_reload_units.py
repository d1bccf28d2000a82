from collections.abc import Sequence

import pytest

from vigo.agent.host import reload_units as module
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.reload_units import reload_units
from vigo.catalog.api import CommandResult
from vigo.catalog.ops.reload_units import ReloadUnits
from vigo.core.errors import BlockedError

CURRENT, STALE = "LoadState=loaded\nNeedDaemonReload=no\n", "LoadState=loaded\nNeedDaemonReload=yes\n"


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that were run."""
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "run", lambda op, _host: ran.append(op.argv))
    return ran


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ({"a.service": CommandResult(0, CURRENT), "b.service": CommandResult(0, CURRENT)}, 0),
        ({"a.service": CommandResult(0, CURRENT), "b.service": CommandResult(0, STALE)}, 1),
        ({"a.service": CommandResult(0, STALE), "b.service": CommandResult(0, STALE)}, 1),
        ({"a.service": CommandResult(1, "", "no bus"), "b.service": CommandResult(0, CURRENT)}, 1),
        ({"a.service": None, "b.service": CommandResult(0, CURRENT)}, 1),
    ],
)
def test_units_are_read_anew_once_and_only_where_systemd_goes_by_others(
    answers: dict[str, CommandResult | None],
    times: int,
    reloads: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = RealHost(None)

    def query(argv: Sequence[str]) -> CommandResult | None:
        return answers[argv[-1]]

    monkeypatch.setattr(host, "query", query)
    reload_units(ReloadUnits(units=("a.service", "b.service")), host)
    assert reloads == [("systemctl", "daemon-reload")] * times


def test_in_an_image_nothing_is_read_anew(tmp_path: object) -> None:
    with pytest.raises(BlockedError, match="does not run in an image"):
        reload_units(ReloadUnits(units=("a.service",)), RealHost(str(tmp_path)))
