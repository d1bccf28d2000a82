import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from tests.e2e.world import Envoy, Server, crate, entries

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app")


def serial(envoy: Envoy) -> int:
    return x509.load_pem_x509_certificate((envoy.state / "identity/tls.pem").read_bytes()).serial_number


def make_due(envoy: Envoy) -> None:
    """Bring the moment of renewal, two thirds of the certificate's life, into the past."""
    record = envoy.state / "identity/identity.json"
    identity = json.loads(record.read_text())
    identity["certificate_renew_at"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    record.write_text(json.dumps(identity))


def test_a_certificate_is_renewed_when_due_by_a_run_and_by_a_daemon_and_only_then(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-1", folder, server).enrol()
    begun = json.loads((envoy.state / "identity/identity.json").read_text())
    life = datetime.fromisoformat(begun["certificate_expires_at"]) - datetime.fromisoformat(begun["enrolled_at"])
    until_renewal = datetime.fromisoformat(begun["certificate_renew_at"]) - datetime.fromisoformat(begun["enrolled_at"])
    assert abs(until_renewal / life - 2 / 3) < 0.01
    first = serial(envoy)
    envoy.run()
    assert serial(envoy) == first
    make_due(envoy)
    envoy.run()
    second = serial(envoy)
    assert second != first
    assert envoy.run()["delivered"] is True
    assert serial(envoy) == second
    make_due(envoy)
    with envoy.daemon() as daemon:
        daemon.until_it_says("certificate renewed")
        count = len(server.runs("web-1"))
        daemon.until("runs with the new certificate", lambda: len(server.runs("web-1")) > count + 1)
        assert daemon.terminate().status == 0
    assert serial(envoy) not in (first, second)


def test_the_lifetime_of_the_settings_holds_for_the_next_certificate(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-2", folder, server).enrol()
    (server.data / "server.yaml").write_text("envoy_certificate_lifetime: 2h\n")
    server.reload()
    make_due(envoy)
    envoy.run()
    certificate = x509.load_pem_x509_certificate((envoy.state / "identity/tls.pem").read_bytes())
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    assert server.envoy("web-2")["certificate_not_after"].startswith(
        certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%S")
    )
