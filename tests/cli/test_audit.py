import json
from pathlib import Path

from tests.cli.desk import Desk


def test_acts_are_listed_checked_and_exported(desk: Desk, tmp_path: Path) -> None:
    desk.enrol("web-1")
    desk.here("envoys", "revoke", "web-1")
    rows = desk.here("audit", "list").rows
    assert rows[0][:3] == ["NUMBER", "WHEN", "WHO"]
    assert [row[3] for row in rows[1:]] == ["envoy.revoke", "envoy.enrol", "token.create"]
    assert [row[3] for row in desk.here("audit", "list", "--action", "token.").rows[1:]] == ["token.create"]
    assert desk.here("audit", "list", "--actor", "ada").err == "no act fits\n"
    checked = desk.here("audit", "verify")
    assert (checked.status, "3 rows, all in their chain" in checked.out) == (0, True)
    last = desk.here("audit", "verify", "--json").json["last_hash"]
    out = tmp_path / "audit.ndjson"
    assert desk.here("audit", "export", "-o", str(out)).status == 0
    assert [json.loads(line)["number"] for line in out.read_text().splitlines()] == [1, 2, 3]
    assert desk.here("audit", "verify", "--last-hash", last).status == 0
    gone = desk.here("audit", "verify", "--last-hash", "0" * 64)
    assert (gone.status, "rows at the end were removed" in gone.err) == (1, True)
    assert desk.here("audit", "export", "-o", str(tmp_path / "no" / "such")).status == 1


def test_a_trail_that_was_altered_is_told(desk: Desk) -> None:
    desk.enrol("web-1")
    sql = "UPDATE audit SET actor='ben' WHERE number=1"
    desk.do(desk.server.app.database.write(lambda connection: connection.exec_driver_sql(sql)))
    found = desk.here("audit", "verify")
    assert (found.status, "from row 1 on" in found.err) == (1, True)
