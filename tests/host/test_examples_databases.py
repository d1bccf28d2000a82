"""The example postgres-backups on a real Debian: who may log in, what is restored from a backup, what heals."""

from datetime import UTC, datetime

from tests.host.example_machine import ExampleMachine, changed, faults, plan_of
from vigo.core.plan import Plan

CLUSTER = "postgresql@15-main"
HBA = "/etc/postgresql/15/main/pg_hba.conf"
FOLDER = "/var/backups/postgresql"
NEAR = ("data/databases.yaml", "clients: [192.0.2.0/26]", "clients: [127.0.0.1/32]")


def database_host(machine: ExampleMachine) -> Plan:
    """Bring a database host up, at an hour at which it may restart; return its plan, in which the clients are near.

    Its cron does not run. It would make up for the jobs of the hours that `set_hour` leaps over.
    """
    machine.install("cron", "tzdata")
    machine.tell("systemctl stop cron")
    set_hour(machine, 2)
    plan = plan_of("postgres-backups", "db-1.example.com", network=NEAR)
    assert {"postgres/restart-in-its-time", "databases/database shop"} <= machine.converges(plan)
    sql(machine, "alter role shop password 'correct horse'")
    sql(machine, "create table parts (name text); insert into parts values ('wheel')", "shop")
    sql(machine, "alter table parts owner to shop", "shop")
    return plan


def sql(machine: ExampleMachine, text: str, database: str = "postgres") -> str:
    """Return what the server's own account is answered."""
    argv = ("runuser", "--user=postgres", "--", "psql", "-Atq", "--set=ON_ERROR_STOP=1", "--file=-", database)
    return machine.debian.run(*argv, stdin=text).stdout.strip()


def set_hour(machine: ExampleMachine, hour: int) -> None:
    """Put the machine into a zone in which it is some minute of this hour. Its clock is ours, and stays so."""
    east = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    # Source: tzdata's Etc, where the signs are those of POSIX, the other way round.
    machine.tell(f"ln --symbolic --force /usr/share/zoneinfo/Etc/GMT{-east:+d} /etc/localtime")


def job(machine: ExampleMachine, name: str) -> str:
    """Run a job by the very line that cron would, as its account; return what it would mail."""
    *_, line = machine.tell(f"cat /etc/cron.d/postgres-{name}").splitlines()
    command = line.partition(" postgres ")[2]
    return machine.tell(f"cd /; runuser --user=postgres -- sh -c '{command}' 2>&1")


def test_a_role_enters_its_own_database_alone_with_its_password_and_over_tls(machine: ExampleMachine) -> None:
    database_host(machine)
    enter = "PGPASSWORD='{}' psql -Atqc 'select name from parts' 'host=127.0.0.1 user=shop dbname={} sslmode={}'"
    assert machine.tell(enter.format("correct horse", "shop", "require")) == "wheel"
    assert "password authentication failed" in machine.refuses(enter.format("wrong", "shop", "require"))
    assert "no pg_hba.conf entry" in machine.refuses(enter.format("correct horse", "billing", "require"))
    assert "no encryption" in machine.refuses(enter.format("correct horse", "shop", "disable"))
    assert sql(machine, "select left(rolpassword, 13) from pg_authid where rolname = 'shop'") == "SCRAM-SHA-256"
    assert sql(machine, "select has_database_privilege('shop', 'billing', 'connect')") == "f"
    memory = int(machine.tell("awk '$1 == \"MemTotal:\" { print $2 }' /proc/meminfo")) * 1024
    assert sql(machine, "show shared_buffers").removesuffix("MB") == str(memory * 25 // 100 // 2**20)


def test_backups_are_made_tried_restored_and_not_kept_for_ever(machine: ExampleMachine) -> None:
    plan = database_host(machine)
    assert [job(machine, name) for name in ("dump", "base", "try")] == ["", "", ""]
    assert machine.tell(f"stat --format=%a:%U {FOLDER} {FOLDER}/dump") == "700:postgres\n700:postgres"
    assert sql(machine, "select count(*) from pg_database where datname like 'try%'") == "0"
    machine.keeps(plan)

    # By the page that lies there: one database from a dump, then the whole cluster from its copy.
    sql(machine, "drop table parts", "shop")
    page = machine.tell(f"cat {FOLDER}/HOW-TO-RESTORE")
    (restore,) = (line for line in page.splitlines() if "dbname=shop_restored" in line)
    machine.tell("cd /; runuser -u postgres -- createdb --template=template0 shop_restored")
    machine.tell("cd /; " + restore.replace("MOMENT", machine.tell(f"ls {FOLDER}/dump")))
    assert sql(machine, "select name from parts", "shop_restored") == "wheel"
    machine.tell(f"systemctl stop {CLUSTER}; mv /var/lib/postgresql/15/main /var/lib/postgresql/15/lost")
    whole = page.partition("moved away:\n")[2].partition("then start")[0]
    machine.tell(whole.replace("MOMENT", machine.tell(f"ls {FOLDER}/base")) + f"systemctl start {CLUSTER}")
    assert sql(machine, "select name from parts", "shop") == "wheel"

    machine.tell(f"for year in $(seq 10 35); do mkdir {FOLDER}/dump/20$year-01-01T01-15-00Z; done")
    machine.tell(f"chown postgres: {FOLDER}/dump/*; mkdir {FOLDER}/dump/.unfinished")
    assert job(machine, "dump") == ""
    kept = machine.tell(f"ls -A {FOLDER}/dump").splitlines()
    assert len(kept) == 14
    assert max(kept).startswith("2035")


def test_a_database_host_heals_and_tells_that_no_dump_was_made(machine: ExampleMachine) -> None:
    plan = database_host(machine)
    machine.tell(f"""
        echo nonsense >>{HBA}
        echo 'shared_buffers = lots' >>/etc/postgresql/15/main/conf.d/50-vigo.conf
        systemctl stop {CLUSTER}
        rm /etc/cron.d/postgres-dump
        chmod 0777 {FOLDER}
    """)
    assert machine.converges(plan) == {
        *("postgres/settings", "postgres/access", "postgres/running", "postgres/check-access", "postgres/reload"),
        *("backups/folder", "backups/postgres-dump"),
    }
    assert sql(machine, "select name from parts", "shop") == "wheel"
    machine.tell(f"touch --date='27 hours ago' {FOLDER}/HOW-TO-RESTORE")
    (told,) = machine.applies(("run", plan))
    assert set(faults(told)) == {"backups/newest-dump-is-fresh"}
    job(machine, "dump")
    machine.keeps(plan)


def test_a_setting_that_needs_a_restart_waits_for_its_time_and_a_wrong_one_is_not_taken(
    machine: ExampleMachine,
) -> None:
    database_host(machine)
    larger = (
        "configcrates/postgres.vgo",
        "max_connections: 100",
        "max_connections: 120",
    )
    plan = plan_of("postgres-backups", "db-1.example.com", network=NEAR, size=larger)
    set_hour(machine, 14)
    assert machine.converges(plan) == {"postgres/settings", "postgres/reload"}
    assert sql(machine, "show max_connections") == "100"
    set_hour(machine, 2)
    assert machine.converges(plan) == {"postgres/restart-in-its-time"}
    assert sql(machine, "show max_connections") == "120"

    wrong = (larger[0], larger[1], "max_connections: many")
    (refused,) = machine.applies(("run", plan_of("postgres-backups", "db-1.example.com", network=NEAR, size=wrong)))
    assert 'invalid value for parameter "max_connections"' in faults(refused)["postgres/settings"]
    assert changed(refused) == set()
