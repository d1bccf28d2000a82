import msgspec
import pytest

from vigo.catalog.protected import harmed_by, is_protected, require_harmless
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import InvalidError


def ask(kind: str, **fields: object) -> None:
    declared = resource_kinds()[kind]
    spec = msgspec.convert(fields, declared.spec)
    declared.validate(spec)
    require_harmless(declared, spec)


REFUSED = [
    ("service", {"service": "vigo", "state": "stopped"}),
    ("service", {"service": "vigo.service", "enabled": False}),
    ("service", {"service": "vigosrv", "state": "restarted"}),
    ("package", {"package": ["curl", "vigo"], "state": "absent"}),
    ("file", {"path": "/var/lib/vigo/agent/identity.json", "content": ""}),
    ("file", {"path": "/etc/systemd/system/vigo.service", "state": "absent"}),
    ("file", {"path": "/etc/systemd/system/vigo.service.d/override.conf", "content": "[Service]\n"}),
    ("file_line", {"path": "/lib/systemd/system/vigosrv.service", "line": "Restart=no"}),
    ("directory", {"path": "/var/lib/vigo", "state": "absent"}),
    ("timer", {"timer": "quiet", "schedule": "daily", "command": ["systemctl", "stop", "vigo"]}),
    ("systemd_unit", {"unit": "q.service", "content": "[Service]\nExecStart=-/bin/sh -c 'systemctl stop vigo'\n"}),
    ("systemd_unit", {"unit": "q.service", "content": "[Unit]\nConflicts=vigo.service\n[Service]\nExecStart=/bin/q\n"}),
    ("systemd_unit", {"unit": "q.target", "content": "[Unit]\nWants=a.service\n[Install]\nRequiredBy=vigo.service\n"}),
    ("exec", {"command": ["systemctl", "stop", "vigo"]}),
    ("exec", {"shell": "apt-get update && apt-get --yes remove vigo"}),
]


@pytest.mark.parametrize(("kind", "fields"), REFUSED)
def test_what_would_cut_the_machine_off_is_refused(kind: str, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidError, match="refused"):
        ask(kind, **fields)


ACCEPTED = [
    ("service", {"service": "vigo", "enabled": True}),
    ("service", {"service": "nginx", "state": "stopped"}),
    ("package", {"package": "vigo", "version": "0.2.0"}),
    ("package", {"package": "vigor", "state": "absent"}),
    ("file", {"path": "/var/lib/vigorous/x", "content": ""}),
    ("file", {"path": "/etc/vigo/traits.d/site.txt", "content": ""}),
    ("exec", {"command": ["systemctl", "status", "vigo"]}),
    ("exec", {"shell": "systemctl restart nginx; systemctl is-active vigo"}),
]


@pytest.mark.parametrize(("kind", "fields"), ACCEPTED)
def test_what_leaves_vigo_at_work_is_accepted(kind: str, fields: dict[str, object]) -> None:
    ask(kind, **fields)


def test_the_message_begins_with_the_field_and_says_what_to_do() -> None:
    with pytest.raises(InvalidError, match=r"^service: refused: .*the service vigo.*leave it out of the policy"):
        ask("service", service="vigo", state="stopped")
    with pytest.raises(InvalidError, match=r"^path: refused: /var/lib/vigo/x is Vigo's own.*choose another path"):
        ask("file", path="/var/lib/vigo/x", content="")


@pytest.mark.parametrize(
    "command",
    [
        ("/usr/bin/systemctl", "disable", "--now", "vigo.service"),
        ("service", "vigo", "stop"),
        ("rc-service", "vigo", "stop"),
        ("rc-update", "del", "vigo"),
        ("dpkg", "--purge", "vigo"),
        ("rpm", "-e", "vigo"),
        ("pkill", "-9", "vigo"),
        ("sh", "-c", "true; (systemctl kill 'vigo')"),
        ("env", "systemctl", "mask", "vigo"),
    ],
)
def test_a_command_that_stops_or_removes_vigo_is_known(command: tuple[str, ...]) -> None:
    assert harmed_by(command)


def test_a_folder_beside_ours_is_not_ours() -> None:
    assert is_protected("/var/lib/vigo")
    assert is_protected("/var/lib/vigo/keys/ca.pem")
    assert not is_protected("/var/lib/vigo2")
    assert not is_protected("/var/lib")
