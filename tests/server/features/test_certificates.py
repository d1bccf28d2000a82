"""The service CA: names of a machine's own policy, and nothing that it says of itself."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.server.features.test_tasks import acts
from tests.server.harness import LOOPBACK, Machine, Server, compile_folder, served, without_audit
from vigo.agent.link.link import Link
from vigo.catalog.formats.self_signed import new_key, signing_request
from vigo.core.errors import DamagedError, ForbiddenError, InvalidError, UnavailableError
from vigo.core.wire.certificate_messages import SignCertificate, SignedChain
from vigo.core.wire.messages import Methods
from vigo.server.app import build
from vigo.server.features.certificates.service import MOST_SIGNED_IN_A_MINUTE
from vigo.server.platform.settings.model import CurrentSettings

STACKS = {
    "configcrates/web.vgo": """
configcrate: web
defaults: {issuer: vigo}
resources:
  - name: a
    type: certificate
    path: /a.pem
    key_path: /a.key
    common_name: Shop.Example.com
    sans: [192.0.2.7, "*.shop.example.com"]
  - {name: b, type: certificate, path: /b.pem, key_path: /b.key, common_name: "{{ traits.network.fqdn }}"}
""",
    "configcrates/db.vgo": """
configcrate: db
defaults: {issuer: self-signed}
resources: [{name: a, type: certificate, path: /a.pem, key_path: /a.key, common_name: db.example.com}]
""",
    "envoys.vgo": 'envoys: [{match: "web-*", configcrates: [web]}, {match: "db-*", configcrates: [db]}]\n',
}


async def prepared(server: Server) -> None:
    server.compiler = compile_folder
    await server.restart()
    server.write_stacks(STACKS)
    await server.publish()


async def signed(machine: Machine, *names: str, days: int = 30, key_type: str = "ecdsa-p256") -> list[x509.Certificate]:
    request = signing_request(new_key(key_type), names).decode()  # type: ignore[arg-type]
    return await signed_for(machine, request, days)


async def signed_for(machine: Machine, request: str, days: int = 30) -> list[x509.Certificate]:
    answer = await machine.call(Methods.SIGN_CERTIFICATE, SignCertificate(request, days).to_bytes())
    return x509.load_pem_x509_certificates(SignedChain.from_bytes(answer).pem.encode())


@served
async def test_a_machine_gets_the_names_of_its_policy_and_its_own(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for key_type in ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"):
            leaf, authority = await signed(
                machine, "shop.example.com", "*.shop.example.com", "192.0.2.7", "web-1", key_type=key_type
            )
            leaf.verify_directly_issued_by(authority)
            named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = ["shop.example.com", "*.shop.example.com", "web-1"]
            assert named.get_values_for_type(x509.DNSName) == hosts
            assert named.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.7")]
            assert leaf.not_valid_after_utc - server.clock.now() <= timedelta(days=30)
        async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
            given = await client.get("/bootstrap/v1/service-ca")
        assert x509.load_pem_x509_certificate(given.content) == authority
        assert ("certificate.sign", machine.id) in acts(server)


@served
async def test_03_names_of_others_are_refused_and_audited(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(await Machine.enrolled(server, tmp / "web-1", "web-1"))
        db = await stack.enter_async_context(await Machine.enrolled(server, tmp / "db-1", "db-1"))
        other = await stack.enter_async_context(await Machine.enrolled(server, tmp / "x", "x"))
        for machine, name in (
            (web, "db-1"),
            (web, "web-2"),
            (web, "localhost"),
            (web, "127.0.0.1"),
            (web, "a.shop.example.com"),
            (web, "example.com"),
            (web, "xn--shp-hoa.example.com"),
            (db, "db.example.com"),  # its policy has it sign for itself
            (db, "db-1"),
            (db, "shop.example.com"),
            (other, "x"),
        ):
            with pytest.raises(ForbiddenError, match="names of this machine's own policy"):
                await signed(machine, name)
        with pytest.raises(ForbiddenError):
            await signed(web, "shop.example.com", "bank.example.com")
        await server.app.envoys.flush()
        assert ("call.refused", web.id) in acts(server)
        assert "certificate.sign" not in {name for name, _ in acts(server)}


@served
async def test_06_nothing_of_a_request_but_its_key_and_its_names_counts(server: Server, tmp: Path) -> None:
    await prepared(server)
    key = ec.generate_private_key(ec.SECP256R1())

    def request(*names: x509.GeneralName, more: x509.ExtensionType | None = None) -> str:
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bank.example.com")])
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        if more is not None:
            builder = builder.add_extension(more, critical=True)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    shop = x509.DNSName("shop.example.com")
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        (leaf, _) = await signed_for(machine, request(shop, more=x509.BasicConstraints(ca=True, path_length=9)))
        assert leaf.subject.rfc4514_string() == "CN=shop.example.com"
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        for odd in (
            request(),
            request(shop, x509.UniformResourceIdentifier(f"vigo://envoy/{machine.id}")),
            request(x509.RFC822Name("a@shop.example.com")),
            request(*[shop] * 101),
            request(x509.DNSName("shop.example.com\x00.evil.com")),
            "",
            "x" * 20_000,
        ):
            with pytest.raises((InvalidError, ForbiddenError)):
                await signed_for(machine, odd)
        for days in (0, 398, 2**31):
            with pytest.raises(InvalidError, match="expected 1 to 397 days"):
                await signed(machine, "web-1", days=days)


@served
async def test_06_no_agent_takes_what_it_signs_for_a_server_or_an_envoy(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        leaf, authority = await signed(machine, "web-1")
        trusted = x509.load_pem_x509_certificate(server.folder.ca_certificate.read_bytes())
        assert authority.public_key() != trusted.public_key()
        with pytest.raises(ValueError, match=r"[Ii]ssuer"):
            leaf.verify_directly_issued_by(trusted)


@served
async def test_22_a_machine_that_asks_again_and_again_has_to_wait(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        request = SignCertificate(signing_request(new_key("ecdsa-p256"), ["web-1"]).decode(), 30).to_bytes()
        for _ in range(MOST_SIGNED_IN_A_MINUTE):
            await machine.call(Methods.SIGN_CERTIFICATE, request)
        with pytest.raises(UnavailableError, match="within a minute"):
            await machine.call(Methods.SIGN_CERTIFICATE, request)


@served
async def test_30_nothing_is_signed_without_its_row(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        async with without_audit(server):
            with pytest.raises(UnavailableError):
                await signed(machine, "web-1")
        assert await signed(machine, "web-1")


@served
async def test_the_agents_own_link_gets_one(server: Server, tmp: Path) -> None:
    await prepared(server)
    machine = await Machine.enrolled(server, tmp / "web-1", "web-1")

    class Numbers:
        last = 0

        def sequence(self) -> int:
            return self.last

        def reserve_sequence(self, count: int, above: int = 0) -> range:
            begin = max(self.last, above) + 1
            self.last = begin + count - 1
            return range(begin, begin + count)

    link = Link(machine.identity, machine.folder, server.clock)
    link.use(Numbers())
    try:
        pem = await link.sign_certificate(signing_request(new_key("ecdsa-p256"), ["web-1"]).decode(), 7)
    finally:
        await link.close()
    assert len(x509.load_pem_x509_certificates(pem.encode())) == 2


def test_a_data_folder_of_before_gets_one_and_a_lost_key_is_told(tmp_path: Path) -> None:
    async def everything() -> None:
        server = Server(tmp_path / "data")
        await server.start()
        await server.stop()
        server.folder.service_ca_key.unlink()
        server.folder.service_ca_certificate.unlink()
        await server.start()
        await server.stop()
        assert server.folder.service_ca_key.stat().st_mode & 0o777 == 0o600
        server.folder.service_ca_key.unlink()
        with pytest.raises(DamagedError, match="restore it from a backup"):
            build(server.folder, CurrentSettings(LOOPBACK), server.clock, ())

    asyncio.run(everything())
