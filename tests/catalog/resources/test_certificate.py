"""The kind `certificate` against any input, on hosts in any state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalog.resources.test_any_input import WORDS, plan_of
from vigo.catalog.formats.self_signed import new_key, self_signed
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.tools.certificates import FakeCertificates, signed_by_authority

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = [new_key("ecdsa-p256"), new_key("ed25519"), new_key("rsa-2048")]
NAMES = [("www.example.com",), ("www.example.com", "example.com", "192.0.2.7")]
PATHS = ["/etc/a.pem", "/etc/a.key", "/etc/link", "/etc/d", "/none/x", "/etc/passwd"]
FIELDS: dict[str, list[Any]] = {
    "path": ["/etc/a.pem", *PATHS],
    "key_path": ["/etc/a.key", *PATHS],
    "common_name": ["www.example.com", "192.0.2.7", "WWW.example.com"],
    "sans": [[], ["example.com", "192.0.2.7"], ["*.example.com"]],
    "issuer": ["self-signed", "acme"],
    "directory_url": [None, "https://acme.example/dir"],
    "webroot": [None, "/srv", "/none"],
    "days": [None, 1, 30, 7300],
    "renew_before": [None, 1, 29, 7300],
    "key_type": [None, "ecdsa-p256", "ed25519", "rsa-2048"],
    "new_key": [False, True],
    "key_mode": ["0600", "0640"],
    "owner": [None, "root", "7", "nosuch"],
    "state": ["present", "present", "absent"],
}
REQUIRED = ("path", "key_path", "common_name", "issuer")


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    chosen = {*REQUIRED, *draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=7))}
    chosen |= {"directory_url", "webroot"} if draw(st.booleans()) else set()
    given = {name: draw(st.sampled_from(FIELDS[name])) for name in sorted(chosen)}
    odd = draw(st.sampled_from([*chosen, *([None] * 60)]))
    return {**given, odd: draw(st.sampled_from(WORDS))} if odd else given


@st.composite
def hosts(draw: st.DrawFn) -> FakeHost:
    files: dict[str, str | bytes | FakeNode] = {
        "/etc/link": FakeNode.symlink("/etc/a.pem"),
        "/etc/d": FakeNode.directory(),
        "/srv": FakeNode.directory(),
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "/etc/group": "root:x:0:\n",
    }
    clock = draw(st.sampled_from([NOW, NOW, NOW, datetime(1970, 1, 2, tzinfo=UTC), None]))
    if clock is not None:
        files |= {"/proc/stat": f"btime {int(clock.timestamp()) - 50}\n", "/proc/uptime": "50.25 1.0\n"}
    key, other = draw(st.sampled_from(KEYS)), draw(st.sampled_from(KEYS))
    begins = NOW + draw(st.sampled_from([timedelta(days=days) for days in (-300, -60, -1, 1)]))
    life = timedelta(days=draw(st.sampled_from([1, 90, 365, 4000])))
    names = draw(st.sampled_from(NAMES))
    own = self_signed(other, names, begins, begins + life)
    signed = signed_by_authority(other, names, begins, life) if other != KEYS[1] else own
    certificate = draw(st.sampled_from([None, own, own, signed, own[:200], b"", b"x"]))
    if certificate is not None:
        files["/etc/a.pem"] = certificate
    content = draw(st.sampled_from([None, key, key, other, b"", b"x"]))
    if content is not None:
        files["/etc/a.key"] = FakeNode(content=content, mode=draw(st.sampled_from([0o600, 0o644])))
    return FakeHost(
        files, tools=[FakeAccounts(), FakeCertificates()], image=draw(st.sampled_from([False, False, True]))
    )


@settings(max_examples=200, deadline=None)
@given(fields=specs(), host=hosts())
def test_it_plans_or_refuses_harms_nothing_else_and_settles(fields: dict[str, Any], host: FakeHost) -> None:
    kind = resource_kinds()["certificate"]
    try:
        spec: Any = msgspec.convert(fields, kind.spec)
        kind.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    before = host.snapshot()
    ops, error = plan_of(kind, spec, host)
    assert host.snapshot() == before
    told = f"{ops!r}{error!r}{[(op.summary(), op.described()) for op in ops]}"
    assert "PRIVATE" not in told
    assert not any(key.splitlines()[1].decode() in told for key in KEYS)
    for op in ops:
        host.apply(op)
    after = host.snapshot()
    for path in ("/etc/passwd", "/etc/group", "/etc/link", "/etc/d"):
        gone_by_its_own_name = path == "/etc/link" and fields.get("state") == "absent"
        assert after.get(path) == before[path] or gone_by_its_own_name
    again, second = plan_of(kind, spec, host)
    assert again == []
    assert str(second) == str(error)
