import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.host.booted_debian import BootedDebian, boot, declared
from tests.host.debian_root import PYTHON, cached_root
from vigo.catalog.resources.security.certificate import SERVICE_CA
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult

PATH, KEY = "/etc/ssl/probe.pem", "/etc/ssl/private/probe.key"
NAMES = ["example.com", "*.example.com", "192.0.2.7", "2001:db8::1"]


def probe(**fields: object) -> PlannedResource:
    given = {"path": PATH, "key_path": KEY, "common_name": "www.example.com", "sans": NAMES, "issuer": "self-signed"}
    return declared("certificate", "probe", **{**given, **fields})


def told(debian: BootedDebian, *words: str) -> str:
    """Return what openssl says of the certificate."""
    return debian.tell("openssl", "x509", "-in", PATH, "-noout", *words)


def key_of(debian: BootedDebian) -> str:
    """Return the public half of the private key."""
    return debian.tell("openssl", "pkey", "-in", KEY, "-pubout")


def shape(debian: BootedDebian, path: str) -> str:
    return debian.tell("stat", "--format=%F %a %U %G", path)


def make_by_hand(debian: BootedDebian, days: int, *more: str, key: str = KEY) -> None:
    """Have openssl make a certificate with the declared names."""
    names = "subjectAltName=DNS:www.example.com,DNS:example.com,DNS:*.example.com,IP:192.0.2.7,IP:2001:db8::1"
    argv = ("openssl", "req", "-x509", "-key", key, "-out", PATH, "-subj", "/CN=www.example.com", "-addext", names)
    debian.run(*argv, "-days", str(days), *more)


def test_openssl_takes_what_was_made_and_a_client_the_server_that_uses_it(debian: BootedDebian) -> None:
    debian.changes(probe(key_type="rsa-2048"))
    assert shape(debian, KEY) == "regular file 600 root root"
    assert shape(debian, PATH) == "regular file 644 root root"
    assert told(debian, "-pubkey") == key_of(debian)
    assert told(debian, "-subject") == "subject=CN = www.example.com"
    debian.run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", PATH, PATH)
    for name, judged in (("a.example.com", "does match"), ("a.b.example.com", "does NOT match")):
        assert judged in told(debian, "-checkhost", name)
    assert "does match" in told(debian, "-checkip", "2001:db8::1")
    assert told(debian, "-checkend", str(364 * 86400)) == "Certificate will not expire"
    assert debian.run("openssl", "x509", "-in", PATH, "-checkend", str(366 * 86400), check=False).returncode == 1

    serve = ("openssl", "s_server", "-accept", "4433", "-cert", PATH, "-key", KEY, "-www")
    debian.run("systemd-run", "--unit=serves", *serve)
    debian.run("timeout", "20", "sh", "-c", "until ss -ltn | grep -q :4433; do sleep 0.1; done")
    ask = ("openssl", "s_client", "-connect", "127.0.0.1:4433", "-CAfile", PATH, "-verify_return_error")
    for name, status in (("www.example.com", 0), ("www.example.org", 1)):
        assert debian.run(*ask, "-verify_hostname", name, check=False).returncode == status
    debian.run("systemctl", "stop", "serves")


def test_it_is_renewed_in_time_with_its_key_and_tells_its_service(debian: BootedDebian) -> None:
    reload = declared("exec", "reload", command=["sh", "-c", "echo again >> /run/reloads"], only_when_notified=True)
    watched = [probe(notify=["reload"]), reload]
    debian.apply(*watched)
    key, first = key_of(debian), told(debian, "-serial")
    debian.apply(*watched)
    assert debian.tell("cat", "/run/reloads") == "again"

    make_by_hand(debian, 200)
    debian.keeps(probe())
    make_by_hand(debian, 100)
    results = debian.apply(*watched)
    assert {name: result.outcome for name, result in results.items()} == {"probe": "changed", "reload": "changed"}
    assert results["probe"].changed == ("renew_before",)
    assert told(debian, "-checkend", str(364 * 86400)) == "Certificate will not expire"
    assert told(debian, "-serial") != first
    assert told(debian, "-pubkey") == key == key_of(debian)
    assert debian.tell("cat", "/run/reloads") == "again\nagain"


def test_what_others_made_is_used_where_it_is_as_declared_and_healed_where_not(debian: BootedDebian) -> None:
    debian.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", KEY)
    debian.run("chmod", "0600", KEY)
    key = key_of(debian)
    make_by_hand(debian, 300)
    debian.keeps(probe())
    debian.run("chmod", "0644", KEY)
    assert debian.changes(probe())["probe"].changed == ("key_mode",)
    assert shape(debian, KEY) == "regular file 600 root root"
    make_by_hand(debian, 3000)
    assert debian.changes(probe())["probe"].changed == ("days",)
    debian.run("truncate", "--size=200", PATH)
    debian.changes(probe())
    assert key_of(debian) == key == told(debian, "-pubkey")

    debian.run("openssl", "genpkey", "-algorithm", "ed25519", "-out", KEY)
    assert debian.changes(probe())["probe"].changed == ("key_path",)
    assert key_of(debian) == told(debian, "-pubkey") != key
    debian.changes(probe(key_type="ecdsa-p384", owner="games", group="adm", key_mode="0640"))
    assert "ASN1 OID: secp384r1" in debian.tell("openssl", "pkey", "-in", KEY, "-noout", "-text_pub")
    assert shape(debian, KEY) == "regular file 640 games adm"
    debian.changes(probe(state="absent"))
    assert debian.run("ls", PATH, KEY, check=False).stdout == ""


def test_a_certificate_of_an_authority_is_not_self_signed_and_other_files_are_left(debian: BootedDebian) -> None:
    debian.changes(probe())
    for name in ("authority", "other"):
        debian.run("openssl", "genpkey", "-algorithm", "ed25519", "-out", f"/srv/{name}.key")
    argv = ("openssl", "req", "-x509", "-key", "/srv/authority.key", "-subj", "/CN=authority", "-out", "/srv/authority")
    debian.run(*argv)
    make_by_hand(debian, 300, "-CA", "/srv/authority", "-CAkey", "/srv/authority.key")
    debian.run("openssl", "verify", "-CAfile", "/srv/authority", PATH)
    assert debian.changes(probe())["probe"].changed == ("issuer",)
    debian.run("openssl", "verify", "-CAfile", PATH, PATH)

    debian.run("openssl", "pkey", "-in", "/srv/other.key", "-aes256", "-passout", "pass:x", "-out", "/srv/locked.key")
    shadow = debian.tell("cat", "/etc/shadow")
    for fields in ({"key_path": "/etc/shadow"}, {"key_path": "/srv/locked.key"}, {"path": "/etc/passwd"}):
        for state in ("present", "absent"):
            assert debian.apply(probe(**fields, state=state))["probe"].outcome == "blocked"
    assert debian.tell("cat", "/etc/shadow") == shadow


AUTHORITY, AUTHORITY_KEY = "/etc/ssl/authority.pem", "/etc/ssl/authority.key"
PEBBLE = {
    "listenAddress": "127.0.0.1:14000",
    "managementListenAddress": "127.0.0.1:15000",
    "certificate": AUTHORITY,
    "privateKey": AUTHORITY_KEY,
    "httpPort": 80,
    "tlsPort": 443,
    "ocspResponderURL": "",
    "externalAccountBindingRequired": False,
}
ROOT = "/srv/root.pem"


@pytest.fixture
def authority(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a Debian with Pebble, the test server of Let's Encrypt, a web server, and names that lead to it."""
    pytest.importorskip("acme", reason="expected the optional library acme; it comes with vigo[acme]")
    with boot(cached_root(("pebble",)), tmp_path) as debian:
        own = {"path": AUTHORITY, "key_path": AUTHORITY_KEY, "common_name": "localhost", "issuer": "self-signed"}
        debian.changes(declared("certificate", "authority", **own))
        debian.write("/etc/pebble.json", json.dumps({"pebble": PEBBLE}))
        debian.write("/srv/www/index.html", "here\n")
        debian.write("/etc/hosts", "127.0.0.1 localhost www.example.com example.com\n127.0.0.1 elsewhere.example.com\n")
        debian.run("systemd-run", "--unit=web", "python3", "-m", "http.server", "80", "--directory", "/srv/www")
        setting = ("--setenv=PEBBLE_VA_NOSLEEP=1", "--setenv=PEBBLE_AUTHZREUSE=0", "--setenv=PEBBLE_WFE_NONCEREJECT=0")
        debian.run("systemd-run", "--unit=authority", *setting, "pebble", "-config", "/etc/pebble.json")
        for port in ("80", "14000", "15000"):
            debian.run("timeout", "20", "sh", "-c", f"until ss -ltn | grep -q ':{port} '; do sleep 0.1; done")
        fetch = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], cafile=sys.argv[2]).read().decode())"
        debian.write(ROOT, debian.tell("python3", "-c", fetch, "https://localhost:15000/roots/0", AUTHORITY))
        yield debian


def obtained(**fields: object) -> PlannedResource:
    asked = {
        "issuer": "acme",
        "directory_url": "https://localhost:14000/dir",
        "ca_path": AUTHORITY,
        "webroot": "/srv/www",
    }
    return probe(**{"sans": ["example.com"], **asked, **fields})


def test_an_authority_signs_what_the_web_server_shows_and_only_that(authority: BootedDebian) -> None:
    authority.changes(obtained())
    assert told(authority, "-pubkey") == key_of(authority)
    assert "DNS:www.example.com, DNS:example.com" in told(authority, "-ext", "subjectAltName")
    authority.run("openssl", "verify", "-CAfile", ROOT, "-untrusted", PATH, "-verify_hostname", "example.com", PATH)
    assert shape(authority, KEY) == "regular file 600 root root"
    assert authority.tell("find", "/srv/www/.well-known", "-type", "f") == ""
    (account,) = authority.tell("ls", "/etc/vigo/acme").splitlines()
    assert shape(authority, f"/etc/vigo/acme/{account}") == "regular file 600 root root"

    key, first = key_of(authority), told(authority, "-serial")
    assert authority.changes(obtained(sans=[]))["probe"].changed == ("sans",)
    assert authority.changes(obtained(key_type="rsa-2048"))["probe"].changed == ("key_type", "sans")
    assert told(authority, "-pubkey") == key_of(authority) != key
    assert told(authority, "-serial") != first
    make_by_hand(authority, 300)
    assert authority.changes(obtained())["probe"].changed == ("sans", "issuer")
    assert authority.tell("ls", "/etc/vigo/acme") == account

    before = authority.tell("cat", PATH, KEY)
    lost = authority.apply(obtained(sans=["elsewhere.example.org"], new_key=True))["probe"]
    assert lost.outcome == "blocked"
    assert "elsewhere.example.org" in lost.reason
    again = authority.apply(obtained(sans=["elsewhere.example.org"]))["probe"]
    assert "the authority is asked again in 15 min" in again.reason
    strange = authority.apply(obtained(sans=["example.com", "elsewhere.example.com"], ca_path=None))["probe"]
    assert strange.outcome == "blocked"
    assert "certificate verify failed" in strange.reason
    authority.run("systemctl", "stop", "web")
    unseen = authority.apply(obtained(sans=["elsewhere.example.com"]))["probe"]
    assert unseen.outcome == "blocked"
    assert "elsewhere.example.com" in unseen.reason
    authority.run("systemctl", "stop", "authority")
    assert authority.apply(obtained(sans=[]))["probe"].outcome == "blocked"
    authority.keeps(obtained())
    assert authority.tell("cat", PATH, KEY) == before
    assert authority.tell("find", "/srv/www/.well-known", "-type", "f") == ""


def by_vigo(debian: BootedDebian, *resources: PlannedResource, passes: int = 2) -> list[list[str]]:
    """Return the outcomes of each pass in which the service CA, made by openssl, signs what is asked for."""
    if debian.run("test", "-e", "/srv/ca.pem", check=False).returncode:
        ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", "/srv/ca.key", "-out", "/srv/ca.pem")
        debian.run(
            "openssl",
            "req",
            "-x509",
            *ec,
            *files,
            "-subj",
            f"/CN={SERVICE_CA} probe",
            "-addext",
            "keyUsage=critical,keyCertSign",
        )
    plan = Plan(entry=Origin("host.vgo", 1), match=("*",), scopes={"host": {}}, resources=resources)
    argv = (str(PYTHON), "-m", "tests.host.apply_with_authority", "/srv/ca.key", "/srv/ca.pem", str(passes))
    done = debian.run(*argv, stdin=msgspec.json.encode(plan).decode(), environment=debian.python_environment())
    found = msgspec.json.decode(done.stdout, type=list[tuple[ResourceResult, ...]])
    return [[result.outcome for result in one] for one in found]


def test_openssl_takes_what_a_server_of_vigo_signs_and_it_is_renewed_before_its_end(debian: BootedDebian) -> None:
    wanted = probe(issuer="vigo", sans=["example.com", "192.0.2.7"], days=60)
    assert by_vigo(debian, wanted) == [["changed"], ["unchanged"]]
    assert shape(debian, KEY) == "regular file 600 root root"
    assert told(debian, "-pubkey") == key_of(debian)
    debian.run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "/srv/ca.pem", PATH)
    assert "does match" in told(debian, "-checkhost", "www.example.com")
    assert "does NOT match" in told(debian, "-checkhost", "other.example.com")
    assert debian.tell("grep", "-c", "BEGIN CERTIFICATE", PATH) == "2"  # with the CA's behind it, for clients
    serial = told(debian, "-serial")
    assert by_vigo(debian, probe(issuer="vigo", sans=["example.com"], days=60)) == [["changed"], ["unchanged"]]
    assert told(debian, "-serial") != serial
    assert "does NOT match" in told(debian, "-checkip", "192.0.2.7")


def test_without_a_server_what_is_there_stays_and_what_is_missing_waits(debian: BootedDebian) -> None:
    wanted = probe(issuer="vigo", sans=[], days=60)
    missing = debian.apply(wanted)["probe"]
    assert missing.outcome == "blocked"
    assert debian.run("test", "-e", PATH, check=False).returncode == 1
    assert by_vigo(debian, wanted, passes=1) == [["changed"]]
    debian.keeps(wanted)
