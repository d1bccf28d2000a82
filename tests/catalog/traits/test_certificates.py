import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from tests.catalog.traits.made_certificates import certificate, der, pem, private_key
from vigo.catalog.traits.certificates import Certificate, CertificatesTraits, collect_certificates
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

WEB = certificate("web-1", names=("web-1.example.com",))
OWN = certificate("own", issuer="own")
WEB_TOLD = Certificate(
    subject="CN=web-1",
    names=("web-1.example.com",),
    issuer="CN=Some CA",
    not_after="2027-01-31",
    key_type="ec",
    key_bits=256,
    authority=False,
    self_signed=False,
)
NONE = CertificatesTraits(certificates={}, count=0, first_expiry="", unknown=())


def collected(host: FakeHost) -> CertificatesTraits:
    found = collect_certificates.collect(host)
    assert isinstance(found, CertificatesTraits)
    return found


def test_debian_keeps_its_own_among_links_to_authorities() -> None:
    files: Files = {
        "/etc/ssl/certs/ssl-cert-snakeoil.pem": pem(OWN),
        "/etc/ssl/certs/ISRG_Root_X1.pem": FakeNode.symlink("/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt"),
        "/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt": pem(OWN),
        "/etc/ssl/certs/4042bcee.0": FakeNode.symlink("ISRG_Root_X1.pem"),
        "/etc/ssl/certs/alias.pem": FakeNode.symlink("ISRG_Root_X1.pem"),
        "/etc/ssl/certs/ca-certificates.crt": pem(OWN) * 140,
        "/etc/ssl/certs/small-bundle.crt": pem(OWN) * 12,
        "/etc/ssl/private/ssl-cert-snakeoil.key": FakeNode(unreadable="permission denied"),
        "/etc/ssl/certs/dhparam.pem": "-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n",
        "/etc/ssl/broken.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    }
    found = collected(debian(files))
    assert set(found.certificates) == {"/etc/ssl/certs/ssl-cert-snakeoil.pem"}
    assert found.certificates["/etc/ssl/certs/ssl-cert-snakeoil.pem"].self_signed
    assert found.unknown == ("/etc/ssl/broken.crt",)
    assert (found.count, found.first_expiry) == (1, "2027-01-31")


def test_red_hats_folder_is_told_by_its_own_name_alone() -> None:
    files: Files = {
        "/etc/ssl/certs": FakeNode.symlink("/etc/pki/tls/certs"),
        "/etc/pki/tls/certs/localhost.crt": pem(WEB),
        "/etc/pki/tls/certs/ca-bundle.crt": FakeNode.symlink("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem": pem(OWN),
    }
    found = collected(redhat(files))
    assert found.certificates == {"/etc/pki/tls/certs/localhost.crt": WEB_TOLD}
    assert found.count == 1


def test_opensuses_folder_is_the_trust_itself() -> None:
    files: Files = {
        "/etc/ssl/certs": FakeNode.symlink("../../var/lib/ca-certificates/pem"),
        "/var/lib/ca-certificates/pem/ISRG_Root_X1.pem": pem(OWN),
        "/etc/nginx/ssl/web.crt": der(WEB),
    }
    assert collected(FakeHost(files)).certificates == {"/etc/nginx/ssl/web.crt": WEB_TOLD}


def test_arch_and_alpine_link_to_their_trust_and_others_elsewhere() -> None:
    files: Files = {
        "/etc/ssl/certs/ca-cert-X.pem": FakeNode.symlink("/usr/share/ca-certificates/mozilla/X.crt"),
        "/usr/share/ca-certificates/mozilla/X.crt": pem(OWN),
        "/etc/ssl/certs/Y.pem": FakeNode.symlink("../../ca-certificates/extracted/cadir/Y.pem"),
        "/etc/ca-certificates/extracted/cadir/Y.pem": pem(OWN),
        "/etc/ssl/certs/site.pem": FakeNode.symlink("/srv/tls/site.pem"),
        "/srv/tls/site.pem": pem(WEB),
    }
    assert set(collected(alpine(files)).certificates) == {"/etc/ssl/certs/site.pem"}


def test_a_link_to_what_is_not_told_by_itself_is_told() -> None:
    files: Files = {
        "/etc/nginx/ssl": FakeNode.symlink("tls-2026"),
        "/etc/nginx/tls-2026/web.crt": FakeNode.symlink("web.crt.20260101"),
        "/etc/nginx/tls-2026/web.crt.20260101": pem(WEB),
        "/etc/nginx/tls-2026/alias.pem": FakeNode.symlink("web.crt"),
    }
    assert set(collected(debian(files)).certificates) == {"/etc/nginx/ssl/web.crt"}


def test_the_leaf_of_each_name_of_lets_encrypt_is_told() -> None:
    live = "/etc/letsencrypt/live/example.com"
    files: Files = {
        f"{live}/cert.pem": FakeNode.symlink("../../archive/example.com/cert3.pem"),
        f"{live}/fullchain.pem": FakeNode.symlink("../../archive/example.com/fullchain3.pem"),
        f"{live}/privkey.pem": FakeNode(unreadable="permission denied"),
        "/etc/letsencrypt/archive/example.com/cert3.pem": pem(WEB),
        "/etc/letsencrypt/archive/example.com/fullchain3.pem": pem(WEB) + pem(OWN),
        "/etc/letsencrypt/live/README": "x\n",
        "/etc/letsencrypt/live/other/fullchain.pem": pem(WEB) + pem(OWN),
    }
    assert set(collected(debian(files)).certificates) == {
        f"{live}/cert.pem",
        "/etc/letsencrypt/live/other/fullchain.pem",
    }


def test_what_not_everybody_may_read_is_not_opened() -> None:
    files: Files = {
        "/etc/nginx/key.pem": FakeNode(content=private_key(), mode=0o600, unreadable="permission denied"),
        "/etc/nginx/both.pem": pem(WEB) + private_key(),
    }
    found = collected(debian(files))
    assert found.certificates == {"/etc/nginx/both.pem": WEB_TOLD}
    assert "PRIVATE" not in repr(found)


def test_of_much_the_first_is_told_and_all_is_counted() -> None:
    files: Files = {f"/etc/nginx/certs/{number:03}.crt": pem(WEB) for number in range(250)}
    found = collected(debian(files))
    assert (len(found.certificates), found.count) == (200, 250)


@pytest.mark.parametrize("host", [FakeHost(), debian(), redhat(), alpine(), image()])
def test_a_host_without_certificates_has_none(host: FakeHost) -> None:
    assert collected(host) == NONE


def test_an_image_has_its_certificates() -> None:
    assert collected(image({"/etc/nginx/web.crt": pem(WEB)})).count == 1


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_certificates.collect(debian(unreadable("/etc/nginx/web.crt")))
