"""Every kind against any input: it plans or refuses, what it plans can be carried out, and then nothing is to do."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalog.way_back import WayBack
from vigo.catalog.api import Command, CommandResult, Resource, Revertible, Spec
from vigo.catalog.ops import Op, Run
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import UnavailableError, VigoError
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

WORDS = (
    "",
    "-x",
    "--root=/",
    "../a",
    "/etc/../a",
    "/",
    "a b",
    "a\nb",
    "b\n",
    "$(id)",
    "é",
    "\0",
    "%",
    "[",
    "0",
    "a:b",
    "a,b",
)
TEXTS = st.sampled_from(WORDS) | st.text(max_size=6)
INTEGERS = st.sampled_from([0, 1, 1000, 1500, -1, 2**32])
PATHS = ["/etc/a", "/etc/d", "/etc/link", "/etc/d/new", "/etc/new", "/none/x", "/etc/d/inner"]
ACCOUNTS = ["root", "deploy", "web", "new", "nosuch"]
PLAUSIBLE: dict[str, list[Any]] = {
    "path": PATHS,
    "to": PATHS,
    "owner": [*ACCOUNTS, "0", "7"],
    "group": [*ACCOUNTS, "0", "7"],
    "mode": ["0644", "0755", "4755"],
    "content_base64": ["YQ=="],
    "keep": [[], ["inner"], ["*"]],
    "line": ["a", "b", "one"],
    "match": ["^a", "^o", "z", "."],
    "region_start": ["one", "z"],
    "region_end": ["a", "z"],
    "command": [["make"]],
    "cron": ["job"],
    "schedule": ["@daily", "* * * * *"],
    "minute": ["5", "*"],
    "package": ["nginx", "web", ["nginx", "web"]],
    "version": ["1.2-3", "1.2*", "0.9"],
    "flags": [["--quiet"], []],
    "service": ["nginx", "web", "nosuch"],
    "user": ACCOUNTS,
    "environment": [{}, {"PATH": "/bin"}],
    "gid": ["web", "7", 1500, 7],
    "uid": [1000, 1600],
    "groups": [["web"], ["deploy", "web"]],
    "members": [[], ["deploy"], ["root", "deploy"]],
    "shell": ["/bin/bash", "/bin/sh"],
    "home": ["/home/deploy", "/home/new", "/srv/x/y"],
    "password_hash": ["$6$s$h", "!$6$s$h", "*", "!"],
    "expires": ["never", "2027-01-31"],
    "authorized_keys": [[], ["ssh-ed25519 A"]],
}


class AnyGuard(FakeHost):
    """A host on which every guard fails and every check of new content passes."""

    def check(self, command: Command) -> CommandResult:
        return CommandResult(0 if "%" in "".join(command.argv) else 1)


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2)
    simple = {bool: st.booleans(), int: INTEGERS, str: TEXTS, type(None): st.none()}
    return simple[annotation] if annotation in simple else st.dictionaries(TEXTS, TEXTS, max_size=2)


def fields_of(kind: Resource[Any, Any]) -> st.SearchStrategy[dict[str, Any]]:
    hints = get_type_hints(kind.spec, include_extras=True)
    required = [field.name for field in msgspec.structs.fields(kind.spec) if field.required]
    optional = [name for name in kind.spec.__struct_fields__ if name not in required]

    def likely(name: str) -> st.SearchStrategy[Any]:
        anything = _values(hints[name])
        values = ["make %"] if (kind.kind, name) == ("cron", "command") else PLAUSIBLE.get(name)
        plausible = anything if values is None else st.sampled_from(values)
        return st.integers(0, 19).flatmap(lambda draw: anything if draw == 0 else plausible)

    chosen = st.lists(st.sampled_from(optional or required), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: likely(name) for name in [*required, *names]}))


def host_of(*, image: bool) -> FakeHost:
    files: dict[str, str | FakeNode] = {
        "/etc/a": "one\na\n",
        "/etc/d/inner": "x",
        "/etc/link": FakeNode.symlink("/etc/a"),
        "/etc/cron.d": FakeNode.directory(),
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\ndeploy:x:1000:1000::/home/deploy:/bin/sh\n",
        "/etc/group": "root:x:0:\ndeploy:x:1000:\nweb:x:1500:root\n",
        "/etc/shadow": "root:*:::::::\ndeploy:$6$s$h:::::::\n",
        "/home/deploy": FakeNode.directory(),
        "/run/systemd/system": FakeNode.directory(),
        "/usr/lib/systemd/system/nginx.service": "[Install]\nWantedBy=multi-user.target\n",
        "/var/lib/dpkg/status": "Package: nginx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\n",
    }
    packages = FakePackages("apt", {"nginx": "1.2-3"}, {"nginx": "1.3-1", "web": "1"})
    services = FakeServices({"nginx.service": FakeUnit(), "web.service": FakeUnit(running=True, boot="enabled")})
    return AnyGuard(files, tools=[FakeAccounts(), packages, services], image=image)


def plan_of(kind: Resource[Any, Any], spec: Spec, host: FakeHost) -> tuple[list[Op], VigoError | None]:
    ops: list[Op] = []
    try:
        for op in kind.plan(spec, kind.observe(spec, host)):
            ops.append(op)  # noqa: PERF402 - what came before an error counts
    except VigoError as error:
        return ops, error
    return ops, None


@pytest.mark.parametrize("kind", resource_kinds().values(), ids=resource_kinds())
@pytest.mark.parametrize("image", [False, True], ids=["running", "image"])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_it_plans_or_refuses_and_what_it_plans_settles(
    kind: Resource[Any, Any],
    image: bool,  # noqa: FBT001 - a parameter of the test
    data: st.DataObject,
) -> None:
    try:
        spec = msgspec.convert(data.draw(fields_of(kind)), kind.spec)
        kind.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    host = host_of(image=image)
    before = host.snapshot()
    ops, error = plan_of(kind, spec, host)
    assert host.snapshot() == before
    assert error is None or str(error)
    assert kind.owns(spec) == kind.owns(spec)
    try:
        for op in ops:
            host.apply(op)
    except UnavailableError:
        assert kind.kind == "package"  # the index does not have it
        return
    if error is None and kind.settles(spec) and kind.kind not in ("exec", "script"):
        assert plan_of(kind, spec, host) == ([], None)


@pytest.mark.parametrize(
    "kind", [one for one in resource_kinds().values() if isinstance(one, Revertible)], ids=lambda one: one.kind
)
@pytest.mark.parametrize("image", [False, True], ids=["running", "image"])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_what_it_did_can_be_undone_or_it_says_why_not(
    kind: Resource[Any, Any],
    image: bool,  # noqa: FBT001 - a parameter of the test
    data: st.DataObject,
) -> None:
    try:
        spec = msgspec.convert(data.draw(fields_of(kind)), kind.spec)
        kind.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    host = host_of(image=image)
    given_files, (ops, _) = host.snapshot(), plan_of(kind, spec, host)
    if not ops:
        return
    way = WayBack(kind, spec, host)
    try:
        for op in ops:
            host.apply(op)
    except UnavailableError:
        assert kind.kind == "package"  # the index does not have it
        return
    way.done()
    assert way.changed_since() == {}
    undone, blocked = way.back()
    if blocked is not None:
        assert kind.cannot_undo(spec) or "found /root; it is left" in blocked
        return
    for op in undone:
        host.apply(op)
    assert way.is_back()
    assert way.back() == ([], None)
    if kind.kind in ("file", "symlink", "directory", "file_line", "cron") and not kind.cannot_undo(spec):
        backup = f"{getattr(spec, 'path', '')}.vigo-backup"
        assert {path: node for path, node in host.snapshot().items() if path != backup} == given_files


@pytest.mark.parametrize("kind", ["package", "service", "user", "group"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_text_of_a_policy_becomes_an_option_of_a_tool(kind: str, data: st.DataObject) -> None:
    given_fields = data.draw(fields_of(resource_kinds()[kind]))
    given_fields.pop("flags", None)
    resource = resource_kinds()[kind]
    try:
        spec = msgspec.convert(given_fields, resource.spec)
        resource.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    ops, _ = plan_of(resource, spec, host_of(image=False))
    for run in (op for op in ops if isinstance(op, Run)):
        if run.argv[0] in ("systemctl", "apt-get", "apt-mark", "useradd", "usermod", "groupadd", "gpasswd"):
            names = run.argv[run.argv.index("--") + 1 :] if "--" in run.argv else ()
            assert not any(name.startswith("-") for name in names)
            assert "--root=/" not in run.argv or run.argv[run.argv.index("--root=/") - 1] == "--comment"
