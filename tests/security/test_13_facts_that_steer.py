"""Nothing that a machine says of itself decides what it gets."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.harness import Machine, Server, compile_folder, served
from vigo.core.encoding import digest_of
from vigo.core.traits import pack_traits

STACKS = {
    "envoys.vgo": (
        "envoys:\n"
        "  - {match: 'web-*', environment: staging, roles: [web]}\n"
        "  - {match: 'db-*', environment: production, roles: [db]}\n"
    ),
    "environments.vgo": "environments:\n  staging: {}\n  production: {}\n",
    "roles.vgo": "roles:\n  web: {configcrates: [web]}\n  db: {configcrates: [db]}\n",
    "configcrates/web.vgo": "configcrate: web\nresources:\n  - {name: a, type: file, path: /etc/a, content: web}\n",
    "configcrates/db.vgo": "configcrate: db\nresources:\n  - {name: a, type: file, path: /etc/a, content: db}\n",
}
NAMES = ("hostname", "environment", "roles", "role", "match", "vars", "envoy", "network", "vigo", "generation", "id")
WORDS = ("db-1", "web-1", "production", "db", "*", "~.*", "../db", "web-1.", "WEB-1")
_values = st.recursive(
    st.sampled_from(WORDS) | st.booleans() | st.integers(-5, 5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=5,
)
LIES = st.dictionaries(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(NAMES), _values, max_size=4), max_size=5)


@served
async def test_13_no_trait_changes_the_match_the_roles_or_the_environment(server: Server, tmp: Path) -> None:
    await server.stop()
    server.compiler = compile_folder
    await server.start()
    server.write_stacks(STACKS)
    await server.publish()
    machines = {name: await Machine.enrolled(server, tmp / name, name) for name in ("web-1", "db-1", "none-1")}
    honest = {}
    for name, machine in machines.items():
        async with machine:
            honest[name] = (await machine.check_in()).bundle
    assert honest["web-1"] is not None
    assert honest["db-1"] is not None
    assert honest["web-1"].digest != honest["db-1"].digest
    assert honest["none-1"] is None
    lies: list[dict[str, dict[str, Any]]] = []

    @settings(max_examples=12, database=None)
    @given(lie=LIES)
    def drawn(lie: dict[str, dict[str, Any]]) -> None:
        lies.append(lie)

    drawn()
    for lie in (*lies, {"network": {"hostname": "db-1"}, "roles": {"db": True}, "environment": {"name": "production"}}):
        for name, enrolled in machines.items():
            machine = Machine(server, tmp / name, enrolled.identity)
            async with machine:
                answer = await machine.check_in(traits_digest=digest_of(lie), traits=pack_traits(lie))
            wanted = honest[name]
            assert (answer.bundle and answer.bundle.digest) == (wanted and wanted.digest), (name, lie)
            shown = (await server.request("GET", f"/api/v1/envoys/{name}")).json()
            environments = {"web-1": "staging", "db-1": "production", "none-1": None}
            assert (shown["hostname"], shown["environment"]) == (name, environments[name])
