"""Checks of real servers, judged by what the servers and other clients say."""

import msgspec

from tests.host.booted_debian import BootedDebian, declared
from tests.host.debian_root import PYTHON
from vigo.core.plan import Origin, Plan, PlannedResource, Retry
from vigo.core.run import ResourceResult

ORIGIN = Origin("host.vgo", 1)
URL = "http://127.0.0.1:8080/health"
PAGES = "/srv/www"


def plan_of(*resources: PlannedResource, retries: int = 0) -> Plan:
    again = {one.id: Retry(times=retries, delay_seconds=1) for one in resources} if retries else {}
    return Plan(entry=ORIGIN, match=("*",), scopes={"host": {}}, resources=resources, retries=again)


def start_web_server(debian: BootedDebian) -> None:
    debian.write(f"{PAGES}/health", '{"ready": true}\n')
    server = ("-u", "-m", "http.server", "8080", "--bind", "127.0.0.1", "--directory", PAGES)
    debian.run("systemd-run", "--unit=web", "/usr/bin/python3", *server)


def asked(debian: BootedDebian) -> list[str]:
    """Return what the server's own log says that it was asked."""
    log = debian.tell("journalctl", "--unit=web", "--output=cat")
    return [line.partition('"')[2] for line in log.splitlines() if '"' in line]


def test_a_web_server_is_asked_once_it_is_there_and_its_own_log_has_it(debian: BootedDebian) -> None:
    check = declared(
        "http_check", "up", url=URL, expect_body='"ready": *true', expect_headers={"Content-Length": "^16$"}
    )
    after = declared("file", "after", path="/srv/after", content="", depends_on=["up"])
    failed, skipped = debian.apply_plan(plan_of(check, after))
    assert (failed.outcome, skipped.outcome) == ("failed", "skipped")
    assert "expected 127.0.0.1:8080 to take a connection, found: Connection refused" in failed.reason

    start_web_server(debian)
    # It takes a moment to listen: that is what retries are for.
    up, made = debian.apply_plan(plan_of(check, after, retries=10))
    assert (up.outcome, up.changed, made.outcome) == ("unchanged", (), "changed")
    assert asked(debian) == ['GET /health HTTP/1.1" 200 -']

    (foreseen,) = dry_run(debian, plan_of(check))
    assert (foreseen.outcome, foreseen.ops) == ("unchanged", ("check GET http://127.0.0.1:8080",))
    assert len(asked(debian)) == 1

    debian.keeps(declared("http_check", "none", url=f"{URL}/none", expect_status=404, method="HEAD"))
    assert asked(debian)[1:] == ['HEAD /health/none HTTP/1.1" 404 -']
    (result,) = debian.apply(declared("http_check", "up", url=f"{URL}/none?key=hunter2")).values()
    assert (result.outcome, "expected status 200, found 404" in result.reason) == ("failed", True)
    assert "hunter2" not in str(result)
    (result,) = debian.apply(declared("http_check", "up", url=URL, expect_body="^ready")).values()
    assert (result.outcome, "found it nowhere in 16 characters" in result.reason) == ("failed", True)


def test_a_check_comes_behind_the_restart_that_it_depends_on_or_subscribes_to(debian: BootedDebian) -> None:
    unit = f"[Service]\nExecStart=/usr/bin/python3 -m http.server 8080 --bind 127.0.0.1 --directory {PAGES}\n"
    debian.write("/etc/systemd/system/web.service", unit)
    debian.run("systemctl", "daemon-reload")
    debian.run("mkdir", PAGES)
    resources = (
        declared("file", "page", path=f"{PAGES}/health", content="ready", notify=["restart"]),
        declared("service", "restart", service="web", state="restarted", notify=["up"], only_when_notified=True),
        declared("http_check", "up", url=URL, only_when_notified=True),
        declared("http_check", "always", url=URL, depends_on=["restart"]),
    )
    results = debian.apply_plan(plan_of(*resources, retries=10))
    outcomes = [one.outcome for one in results]
    assert outcomes == ["changed", "changed", "unchanged", "unchanged"], results
    assert debian.tell("systemctl", "is-active", "web") == "active"
    outcomes = [one.outcome for one in debian.apply_plan(plan_of(*resources))]
    assert outcomes == ["unchanged", "skipped", "skipped", "unchanged"]


def test_certificates_are_judged_as_by_openssl(debian: BootedDebian) -> None:
    debian.run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=web.example", "-addext", "subjectAltName=DNS:web.example"),
        *("-keyout", "/srv/key", "-out", "/srv/ca"),
    )
    serve = ("openssl", "s_server", "-accept", "127.0.0.1:8443", "-cert", "/srv/ca", "-key", "/srv/key", "-www")
    debian.run("systemd-run", "--unit=tls", *serve)
    open_ = declared("tcp_check", "open", address="127.0.0.1:8443")
    assert debian.apply_plan(plan_of(open_, retries=10))[0].outcome == "unchanged"
    for name, ca_file, is_good in (
        ("web.example", "/srv/ca", True),
        ("other.example", "/srv/ca", False),
        ("web.example", None, False),
    ):
        trust = ("-CAfile", ca_file) if ca_file else ()
        judge = ("openssl", "s_client", "-connect", "127.0.0.1:8443", "-verify_hostname", name, "-verify_return_error")
        assert (debian.run(*judge, *trust, check=False).returncode == 0) is is_good
        fields = {"url": f"https://{name}:8443/", "connect_to": "127.0.0.1", "expect_body": "s_server"}
        (result,) = debian.apply(declared("http_check", "tls", **fields, ca_file=ca_file)).values()
        assert result.outcome == ("unchanged" if is_good else "failed"), result.reason
        assert is_good or "expected a certificate" in result.reason
        assert debian.apply(declared("http_check", "tls", **fields, insecure=True))["tls"].outcome == "unchanged"


def test_an_ssh_server_is_known_by_what_it_says(ssh_server: BootedDebian) -> None:
    assert ":22 " in ssh_server.tell("ss", "--listening", "--tcp", "--numeric", "--no-header")
    ssh_server.write("/etc/hosts", "192.0.2.1 ssh.example\n127.0.0.1 ssh.example\n")
    ssh_server.keeps(
        declared("tcp_check", "ssh", address="127.0.0.1:22", expect="^SSH-2[.]0-OpenSSH"),
        declared("tcp_check", "ipv6", address="[::1]:22"),
        declared("tcp_check", "name", address="ssh.example:22"),
    )
    assert ssh_server.tell("ss", "--listening", "--tcp", "--numeric", "--no-header", "sport = :2222") == ""
    results = ssh_server.apply(
        declared("tcp_check", "mail", address="127.0.0.1:22", expect="^220 ", attempt_seconds=1),
        declared("tcp_check", "closed", address="127.0.0.1:2222"),
    )
    assert {name: one.outcome for name, one in results.items()} == {"mail": "failed", "closed": "failed"}


def dry_run(debian: BootedDebian, plan: Plan) -> tuple[ResourceResult, ...]:
    given, python = msgspec.json.encode(plan).decode(), str(PYTHON)
    done = debian.run(
        python, "-m", "tests.host.apply_plan", "dry-run", stdin=given, environment=debian.python_environment()
    )
    return msgspec.json.decode(done.stdout, type=list[tuple[ResourceResult, ...]])[0]
