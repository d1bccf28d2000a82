"""The examples multi-environment-app, workstations and kubernetes-nodes on a real Debian.

What takes a network or a kernel of its own is left out, by name; all else is brought about, and the programs of the
machine say that they accept it.
"""

import json

from tests.examples.gallery import sources
from tests.host.example_machine import ExampleMachine, changed, faults, plan_of, without
from vigo.core.plan import Plan

ORDERS = """\
#!/usr/bin/python3
import http.server, json, pathlib, sys
verb, settings = sys.argv[1], json.loads(pathlib.Path(sys.argv[3]).read_text())
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"version": VERSION, **settings}).encode())
if verb == "migrate":
    pathlib.Path("/var/lib/orders/migrated").write_text(VERSION)
else:
    host, port = settings["listen"].split(":")
    pathlib.Path(settings["log"]["folder"], "orders.log").open("a").write("started\\n")
    http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""
CONTROL = "Package: orders\nVersion: {}\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: takes orders\n"


RELEASE = """\
Origin: Own
Suite: stable
Codename: stable
Architectures: {architecture}
Components: main
Date: {date}
SHA256:
 {digest} {size} main/binary-{architecture}/Packages
"""


def offer(machine: ExampleMachine, *versions: str) -> None:
    """Build a small program's package in each version, and a signed archive of them in /srv/own."""
    machine.install("gpg", "gpg-agent")
    for version in versions:
        machine.debian.write("/srv/tree/DEBIAN/control", CONTROL.format(version))
        machine.debian.write("/srv/tree/usr/bin/orders", ORDERS.replace("VERSION", repr(version)), mode="0755")
        machine.tell("mkdir -p /srv/own/pool; dpkg-deb --root-owner-group --build /srv/tree /srv/own/pool")
    architecture = machine.tell("dpkg --print-architecture")
    packages = f"/srv/own/dists/stable/main/binary-{architecture}/Packages"
    machine.tell(f"""
        mkdir -p $(dirname {packages})
        cd /srv/own
        for file in pool/*.deb; do
            dpkg-deb --field "$file"
            echo "Filename: $file"
            echo "Size: $(stat --format=%s "$file")"
            echo "SHA256: $(sha256sum "$file" | cut -d' ' -f1)"
            echo
        done >{packages}
        gpg --batch --quiet --passphrase '' --quick-generate-key own@example.com ed25519 sign never
        gpg --armor --export >/srv/own.asc
    """)
    release = RELEASE.format(
        architecture=architecture,
        date=machine.tell("date --utc --rfc-email"),
        digest=machine.tell(f"sha256sum {packages}").split()[0],
        size=machine.tell(f"stat --format=%s {packages}"),
    )
    machine.debian.write("/srv/Release", release)
    machine.tell("gpg --batch --clear-sign --output /srv/own/dists/stable/InRelease /srv/Release")


def orders_plan(machine: ExampleMachine, host: str, **edits: tuple[str, str, str]) -> Plan:
    """Return what a host gets where the archive and its key are our own."""
    key = (
        "files/archive.asc",
        str(sources("multi-environment-app").files["files/archive.asc"].decode()),
        own_key(machine),
    )
    archive = ("common.vgo", "https://apt.example.com/debian", "file:/srv/own")
    return plan_of("multi-environment-app", host, key=key, archive=archive, **edits)


def own_key(machine: ExampleMachine) -> str:
    return machine.tell("cat /srv/own.asc") + "\n"


def answer(machine: ExampleMachine) -> tuple[str, bool]:
    """Return the version that answers, and whether its checkout is fast."""
    told = json.loads(machine.tell("curl --silent --fail http://127.0.0.1:8080/"))
    return told["version"], told["features"]["fast_checkout"]


def test_a_release_goes_out_by_way_of_the_canary_and_comes_back(machine: ExampleMachine) -> None:
    offer(machine, "4.2.1-1", "4.3.0-1")
    everyone = orders_plan(machine, "orders-2.example.com")
    canary = orders_plan(machine, "orders-1.example.com")
    assert {"archive/index", "orders/restart", "orders/answers", "monitoring/exporter"} <= machine.converges(everyone)
    assert answer(machine) == ("4.2.1-1", False)
    assert machine.tell("stat --format='%a %U:%G' /etc/orders/orders.json") == "640 root:orders"
    assert machine.tell("systemctl show --property=User --value orders") == "orders"
    assert machine.tell("apt-mark showhold") == "orders"
    assert machine.tell("systemctl is-enabled orders prometheus-node-exporter") == "enabled\nenabled"

    assert machine.converges(canary) == {
        *("orders/release", "orders/settings", "orders/migrate", "orders/restart", "orders/answers"),
        "orders-nightly/orders-report",
    }
    assert answer(machine) == ("4.3.0-1", True)
    assert machine.tell("cat /var/lib/orders/migrated") == "4.3.0-1"

    machine.tell("logrotate --force /etc/logrotate.d/orders")
    assert machine.tell("ls /var/log/orders") == "orders.log\norders.log.1"
    machine.debian.write("/etc/orders/secrets.env", "PASSWORD=x\n")
    machine.tell("systemctl stop orders; rm /etc/orders/orders.json")
    assert machine.converges(canary) == {
        *("orders/settings", "orders/secrets", "orders/restart", "orders/running", "orders/answers"),
    }
    assert machine.tell("stat --format='%a %U:%G' /etc/orders/secrets.env") == "640 root:orders"
    assert {"orders/release", "orders/settings"} <= machine.converges(everyone)
    assert answer(machine) == ("4.2.1-1", False)


def test_what_systemd_or_the_application_could_not_read_does_not_take_its_place(machine: ExampleMachine) -> None:
    offer(machine, "4.2.1-1")
    machine.converges(without(orders_plan(machine, "orders-2.example.com"), "monitoring/*"))
    unit = ("templates/orders.service", "ExecStart=/usr/bin/orders", "ExecStart=/usr/bin/absent")
    settings = ("templates/orders.json", '"mail_from":', "mail_from:")
    wrong = orders_plan(machine, "orders-2.example.com", unit=unit, settings=settings)
    (refused,) = machine.applies(("run", without(wrong, "monitoring/*")))
    reasons = faults(refused)
    assert "/usr/bin/absent is not executable" in reasons["orders/unit"]
    assert "Expecting property name" in reasons["orders/settings"]
    assert changed(refused) == set()
    assert answer(machine) == ("4.2.1-1", False)


def test_a_workstation_has_its_owners_and_leaves_alone_what_is_theirs(machine: ExampleMachine) -> None:
    # Printers and toolchains are hundreds of packages, and the timer of this Debian is masked for the tests.
    left_out = ("printers/*", "toolchains-*", "containers/*", "updates-redhat/*", "updates-debian/timer")
    plan = without(plan_of("workstations", "ws-9.berlin.example.com"), *left_out)
    assert {"accounts/grace", "accounts/barbara", "screen-lock/update"} <= machine.converges(plan)
    assert machine.tell("getent passwd grace") == "grace:x:2002:2002:Grace Hopper:/home/grace:/bin/zsh"
    assert machine.tell("chage --list barbara | grep '^Account expires'").endswith(": Mar 31, 2026")
    machine.tell("visudo --check --strict")
    assert "may run the following commands" in machine.tell("sudo --list --other-user=grace")
    assert "not allowed to run sudo" in machine.tell("sudo --list --other-user=barbara")
    patterns = machine.tell("apt-config dump | grep ^Unattended-Upgrade::Origins-Pattern::").splitlines()
    assert len(patterns) == 1
    assert "label=Debian-Security" in patterns[0]
    locked = "runuser --user=grace -- dconf read /org/gnome/desktop/session/idle-delay"
    assert machine.tell(locked) == "uint32 600"
    assert machine.tell("runuser --user=grace -- git config --get user.email") == "grace@example.com"
    assert machine.tell("runuser --user=grace -- sh -c '. /etc/profile; echo $PATH'").startswith(
        "/home/grace/.local/bin:"
    )

    machine.tell("runuser --user=grace -- git config --global user.name Amazing")
    machine.tell("""
        echo '[pull' >>/etc/gitconfig
        echo nonsense >>/etc/apt/apt.conf.d/52workstation
        chmod 0777 /etc/sudoers.d/owners
        usermod --shell /bin/sh grace
    """)
    assert machine.converges(plan) == {
        *("accounts/grace", "accounts/administer", "shell/gitconfig", "updates-debian/settings"),
    }
    assert machine.tell("runuser --user=grace -- git config --get user.name") == "Amazing"


def test_a_node_has_a_kernel_and_containers_that_a_kubelet_can_use(machine: ExampleMachine) -> None:
    # The kernel is that of this machine, and the archive of Kubernetes is elsewhere.
    left_out = ("kernel/module *", "kernel/setting net.bridge.*", "kubernetes/*")
    plan = without(plan_of("kubernetes-nodes", "k8s-worker-7.example.com"), *left_out)
    machine.debian.write(
        "/etc/fstab", "/dev/vda1 / ext4 defaults 0 1\n/dev/vdb none swap sw 0 0\n# old none swap sw 0 0\n"
    )
    assert {"swap/fstab", "containerd/restart", "registry-mirrors/docker.io"} <= machine.converges(plan)
    assert machine.tell("cat /etc/fstab") == "/dev/vda1 / ext4 defaults 0 1\n# old none swap sw 0 0"
    assert machine.tell("sysctl --values net.ipv4.ip_forward") == "1"
    machine.tell("sysctl --dry-run --load=/etc/sysctl.d/90-kubernetes.conf")
    assert set(machine.tell("containerd config dump").replace(" ", "").splitlines()) >= {
        "SystemdCgroup=true",
        'bin_dir="/opt/cni/bin"',
        'config_path="/etc/containerd/certs.d"',
        'sandbox_image="registry.k8s.io/pause:3.10"',
    }
    assert (
        machine.tell("ctr --address /run/containerd/containerd.sock plugins list | awk '$2 == \"cri\" { print $4 }'")
        == "ok"
    )
    machine.tell("sysctl --write net.ipv4.ip_forward=0; systemctl stop containerd; rm /etc/containerd/config.toml")
    assert machine.converges(plan) == {
        *("kernel/setting net.ipv4.ip_forward", "containerd/settings", "containerd/running", "containerd/restart"),
    }
    wrong = ("templates/containerd.toml", "SystemdCgroup = true", "SystemdCgroup = perhaps")
    (refused,) = machine.applies(
        ("run", without(plan_of("kubernetes-nodes", "k8s-worker-7.example.com", cgroup=wrong), *left_out))
    )
    assert "was not accepted by containerd" in faults(refused)["containerd/settings"]


def test_the_key_of_an_archive_is_taken_by_its_fingerprint_alone(machine: ExampleMachine) -> None:
    machine.install("gpg", "curl")
    key = plan_of("kubernetes-nodes", "k8s-worker-7.example.com")
    program = next(one for one in key.resources if one.id == "kubernetes/fetch")
    machine.debian.write("/usr/local/sbin/fetch-archive-key", str(program.fields["content"]), mode="0755")
    archive_key = plan_of("multi-environment-app", "dev-ada.example.com")
    content = next(one for one in archive_key.resources if one.id == "archive/key").fields["content"]
    machine.debian.write("/srv/Release.key", str(content))
    own = "C268D03D1E255EA81216157F92F02996C1143F64"
    fetch = "fetch-archive-key file:///srv/Release.key {} /etc/apt/kubernetes.asc"
    assert f"has the fingerprint {own}, not" in machine.refuses(fetch.format("0" * 40))
    assert machine.tell("ls /etc/apt | grep kubernetes || true") == ""
    machine.tell(fetch.format(own))
    assert machine.tell("stat --format=%a /etc/apt/kubernetes.asc") == "644"
    assert machine.tell("cat /etc/apt/kubernetes.asc") == str(content).rstrip("\n")
