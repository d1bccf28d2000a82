"""Examples on a real Debian: it converges, does what it is for, stays so, and heals; programs accept their files.

Where a test changes a word of an example, that is a name which everybody has to change.
"""

from tests.host.example_machine import ExampleMachine, changed, faults, plan_of
from vigo.core.plan import Plan

CURL = "curl --silent --show-error --fail --noproxy '*' --cacert /root/ca.pem"
# A reload is over when the workers say so, not when its command ends.
GET = f"{CURL} --retry 20 --retry-all-errors --retry-delay 1"
DOCS = "--resolve docs.example.com:443:127.0.0.1 https://docs.example.com/"
SHOP = "--resolve shop.example.com:443:127.0.0.1 https://shop.example.com/"
AUTHORITY = """
cd /root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 90 -subj /CN=Test
"""
CERTIFICATE = """
cd /root
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout new.key -out new.csr -subj /CN=SITE \\
    -addext subjectAltName=DNS:SITE.example.com
openssl x509 -req -in new.csr -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 60 -out new.pem
install -m 0644 new.key /etc/ssl/sites/SITE/privkey.pem
cat new.pem ca.pem >/etc/ssl/sites/SITE/fullchain.pem
"""
SSH = "ssh -i /root/key -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR"
ADA_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICbaCyMtIn4ud5m2C+zCdOjzfLXygJlEylDnJsaQKMYh ada@example.com"
EFFECTIVE = {
    "allowgroups ssh-users",
    "banner /etc/issue.net",
    "ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
    "clientaliveinterval 15",
    "disableforwarding yes",
    "gssapiauthentication no",
    "hostbasedauthentication no",
    "ignorerhosts yes",
    "kbdinteractiveauthentication no",
    "logingracetime 60",
    "loglevel VERBOSE",
    "macs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "maxauthtries 4",
    "maxsessions 10",
    "maxstartups 10:30:60",
    "passwordauthentication no",
    "permitemptypasswords no",
    "permitrootlogin no",
    "permituserenvironment no",
    "usepam yes",
}
SHOP_ENTRY = """\
  shop:
    names: [shop.example.com, www.shop.example.com]
    upstreams: ["127.0.0.1:8080", "127.0.0.1:8081"]
    body_mb: 20
"""


def web_server(machine: ExampleMachine) -> None:
    """Bring a web server up, first without and then with certificates of a test's own authority."""
    plan = plan_of("web-tls", "web-1.staging.example.com")
    machine.install("curl")
    assert "sites/site docs" not in machine.converges(plan)
    machine.tell(AUTHORITY)
    for site in ("docs", "shop"):
        machine.tell(CERTIFICATE.replace("SITE", site))
    machine.debian.write("/srv/www/docs/index.html", "pages\n")
    assert reloads(machine, plan) == {
        *("pki/key docs", "pki/key shop", "pki/renewed docs", "pki/renewed shop"),
        *("sites/site docs", "sites/site shop", "sites/check", "sites/reload"),
    }


def reloads(machine: ExampleMachine, plan: Plan) -> set[str]:
    """Apply a plan that makes nginx reload; return what changed once no worker has the former configuration."""
    workers = "cat /proc/$(systemctl show --property=MainPID --value nginx)/task/*/children"
    former = machine.tell(workers).split()
    found = machine.converges(plan)
    for worker in former:
        machine.debian.run("tail", f"--pid={worker}", "--follow", "/dev/null")
    return found


def test_a_web_server_answers_before_it_has_certificates_and_serves_sites_with_them(machine: ExampleMachine) -> None:
    web_server(machine)
    headers = machine.tell(f"{GET} --http2 --include {DOCS}").replace("\r", "").splitlines()
    assert headers[0].startswith("HTTP/2 200")
    assert {"x-robots-tag: noindex", "x-content-type-options: nosniff", "pages"} <= set(headers)
    assert not [line for line in headers if line.startswith("strict-transport-security")]
    assert "301" in machine.tell(f"{GET} --head --resolve docs.example.com:80:127.0.0.1 http://docs.example.com/a")
    assert "Empty reply" in machine.refuses(f"{CURL} http://127.0.0.1/")
    assert "unrecognized name" in machine.refuses(f"{CURL} {DOCS.replace('docs', 'other')}")
    assert "protocol version" in machine.refuses(f"{CURL} --tls-max 1.1 {DOCS}")
    assert machine.tell("stat --format=%a:%U /etc/ssl/sites/docs/privkey.pem") == "600:root"
    machine.tell("systemd-run python3 -m http.server 8080 --bind 127.0.0.1 --directory /srv/www/docs")
    machine.tell(f"{GET} http://127.0.0.1:8080/")
    assert machine.tell(f"{GET} {SHOP}") == "pages"


def test_a_web_server_heals_and_takes_no_file_that_nginx_refuses(machine: ExampleMachine) -> None:
    web_server(machine)
    plan = plan_of("web-tls", "web-1.staging.example.com")
    machine.tell("""
        rm /etc/nginx/sites/docs/site.conf
        echo nonsense >>/etc/nginx/nginx.conf
        echo nonsense >>/etc/nginx/sites/shop/site.conf
        mkdir /etc/nginx/sites/stray
        echo nonsense >/etc/nginx/sites/stray/site.conf
        chmod 0644 /etc/ssl/sites/docs/privkey.pem
        systemctl stop nginx
    """)
    assert machine.converges(plan) == {
        *("nginx/conf", "pki/key docs", "sites/folder", "sites/site docs", "sites/site shop"),
        *("sites/running", "sites/check", "sites/reload"),
    }
    assert machine.tell(f"{GET} {DOCS}") == "pages"

    wrong = plan_of(
        "web-tls", "web-1.staging.example.com", size=("data/sites.yaml", "body_mb: 20", "body_mb: 20 or so")
    )
    (refused,) = machine.applies(("run", wrong))
    assert set(faults(refused)) == {"sites/site shop"}
    assert "was not accepted by /usr/local/sbin/nginx-try" in refused["sites/site shop"].reason
    assert changed(refused) == set()
    machine.keeps(plan)


def test_a_web_server_takes_up_a_renewed_certificate_and_lets_a_retired_site_go(machine: ExampleMachine) -> None:
    web_server(machine)
    plan = plan_of("web-tls", "web-1.staging.example.com")
    machine.tell(CERTIFICATE.replace("SITE", "docs"))
    assert reloads(machine, plan) == {"pki/key docs", "pki/renewed docs", "sites/check", "sites/reload"}
    served = "openssl s_client -connect 127.0.0.1:443 -servername docs.example.com </dev/null 2>/dev/null"
    new = machine.tell("openssl x509 -noout -serial -in /etc/ssl/sites/docs/fullchain.pem")
    assert machine.tell(f"{served} | openssl x509 -noout -serial") == new

    fewer = plan_of("web-tls", "web-1.staging.example.com", site=("data/sites.yaml", SHOP_ENTRY, ""))
    assert reloads(machine, fewer) == {"nginx/port-80", "sites/folder", "sites/check", "sites/reload"}
    assert "unrecognized name" in machine.refuses(f"{CURL} {SHOP}")
    assert machine.tell(f"{GET} {DOCS}") == "pages"


def test_certbot_is_asked_in_its_own_words_and_only_for_a_certificate_that_lacks_a_name(
    machine: ExampleMachine,
) -> None:
    machine.debian.write("/etc/hosts", "127.0.0.1 localhost acme-v02.api.letsencrypt.org\n")
    machine.install("openssl", "curl")
    machine.tell("mkdir -p /etc/letsencrypt/live/docs /etc/letsencrypt/live/shop /srv/www/docs")
    machine.tell(AUTHORITY)
    for site in ("docs", "shop"):
        machine.tell(CERTIFICATE.replace("SITE", site).replace("/etc/ssl/sites", "/etc/letsencrypt/live"))
    machine.debian.write("/srv/www/docs/index.html", "pages\n")
    (results,) = machine.applies(("run", plan_of("web-tls", "web-1.example.com")))
    # That of shop lacks the site's second name. It gets as far as asking: this server is in the authority's place.
    assert set(faults(results)) == {"acme/certificate shop"}
    assert "Max retries exceeded with url: /directory" in results["acme/certificate shop"].reason
    assert machine.tell("systemctl is-enabled certbot.timer") == "enabled"
    headers = machine.tell(f"{GET} --include {DOCS}").replace("\r", "").splitlines()
    assert {"strict-transport-security: max-age=31536000", "pages"} <= set(headers)


def ssh_plan(machine: ExampleMachine, host: str = "db-1.example.com") -> Plan:
    """Return what a host gets where ada has the key in /root."""
    return plan_of("ssh-cis", host, key=("data/admins.yaml", ADA_KEY, machine.tell("cat /root/key.pub")))


def ssh_server(machine: ExampleMachine) -> Plan:
    """Bring an SSH server up, and give ada a password and a key whose other half is in /root; return its plan."""
    machine.install("openssh-client")
    machine.tell("ssh-keygen -q -t ed25519 -N '' -f /root/key")
    plan = ssh_plan(machine)
    (first,) = machine.applies(("run", plan))
    assert set(faults(first)) == {"ssh-access/somebody-can-enter", "ssh-access/settings"}
    assert "nobody in the group ssh-users could become root" in first["ssh-access/somebody-can-enter"].reason
    machine.debian.run("chpasswd", stdin="ada:correct horse\n")
    assert machine.converges(plan) == {"ssh-access/settings", "ssh-access/check", "ssh-access/reload"}
    return plan


def test_an_ssh_server_limits_logins_only_where_somebody_can_enter_and_become_root(machine: ExampleMachine) -> None:
    machine.tell("useradd --create-home mallory; useradd --create-home --shell /bin/bash eve")
    ssh_server(machine)
    assert machine.tell(f"{SSH} ada@127.0.0.1 id --name --user") == "ada"
    machine.tell("for home in /root /home/eve; do install -D -m 0600 /root/key.pub $home/.ssh/authorized_keys; done")
    machine.tell("chown --recursive eve: /home/eve/.ssh")
    for name in ("root", "eve", "grace"):
        assert "Permission denied" in machine.refuses(f"{SSH} {name}@127.0.0.1 true")
    assert "no such user" in machine.refuses("id mallory")
    as_ada = f"{SSH} ada@127.0.0.1 sudo --stdin --prompt= id --user"
    assert machine.tell(f"echo 'correct horse' | {as_ada}") == "0"
    assert "COMMAND=/usr/bin/id --user" in machine.tell("cat /var/log/sudo.log")
    assert "Permission denied" in machine.refuses("runuser --user=ada -- su --command=true")


def test_an_ssh_server_has_the_values_of_the_benchmark_and_heals(machine: ExampleMachine) -> None:
    plan = ssh_server(machine)
    assert set(machine.tell("sshd -T -C user=ada,host=a,addr=127.0.0.1").splitlines()) >= EFFECTIVE
    modes = "stat --format='%a %U:%G %n' /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* /etc/ssh/ssh_host_ed25519_key*"
    assert machine.tell(modes).splitlines() == [
        "600 root:root /etc/ssh/sshd_config",
        "600 root:root /etc/ssh/sshd_config.d/10-daemon.conf",
        "600 root:root /etc/ssh/sshd_config.d/20-access.conf",
        "600 root:root /etc/ssh/ssh_host_ed25519_key",
        "644 root:root /etc/ssh/ssh_host_ed25519_key.pub",
    ]
    machine.tell("visudo --check --strict")
    machine.tell("""
        echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/00-mine.conf
        rm /etc/ssh/sshd_config.d/20-access.conf
        echo nonsense >>/etc/ssh/sshd_config.d/10-daemon.conf
        chmod 0644 /etc/ssh/ssh_host_ed25519_key
        chmod 0666 /etc/sudoers.d/10-baseline
        gpasswd --add nobody sudo
        systemctl stop ssh
    """)
    assert machine.converges(plan) == {
        *("accounts/group sudo", "sudo/settings", "ssh-files/private key ed25519", "ssh-files/separation"),
        *("ssh-daemon/folder", "ssh-daemon/settings"),
        *("ssh-access/settings", "ssh-access/running", "ssh-access/check", "ssh-access/reload"),
    }
    assert set(machine.tell("sshd -T -C user=ada,host=a,addr=127.0.0.1").splitlines()) >= EFFECTIVE
    assert machine.tell(f"{SSH} ada@127.0.0.1 id --name --user") == "ada"


def test_an_exception_is_what_its_machine_does_and_nothing_else(machine: ExampleMachine) -> None:
    ssh_server(machine)
    assert machine.converges(ssh_plan(machine, "jump-1.example.com")) == {
        *("ssh-daemon/settings", "ssh-access/check", "ssh-access/reload"),
    }
    effective = set(machine.tell("sshd -T -C user=ada,host=a,addr=127.0.0.1").splitlines())
    assert EFFECTIVE - effective == {"disableforwarding yes"}
    assert effective >= {"allowtcpforwarding yes", "allowagentforwarding no", "x11forwarding no", "permittunnel no"}
    assert "sudo/settings" in machine.converges(ssh_plan(machine, "ci-1.example.com"))
    machine.tell("useradd builder; visudo --check --strict")
    assert machine.tell("runuser --user=builder -- sudo --non-interactive id --user") == "0"


def test_an_ssh_server_refuses_what_sshd_would_and_tells_ways_round_the_password(machine: ExampleMachine) -> None:
    plan = ssh_server(machine)
    wrong = plan_of("ssh-cis", "db-1.example.com", cipher=("configcrates/ssh/daemon.vgo", "aes192-ctr", "rot13"))
    (refused,) = machine.applies(("run", wrong))
    assert "Bad SSH2 cipher spec" in faults(refused)["ssh-daemon/settings"]
    machine.debian.write("/etc/sudoers.d/mine", "eve ALL=(ALL) NOPASSWD: ALL\n", mode="0440")
    (told,) = machine.applies(("run", plan))
    assert set(faults(told)) == {"sudo/no-way-round-the-password"}
    assert "/etc/sudoers.d/mine" in told["sudo/no-way-round-the-password"].reason
    assert machine.tell(f"{SSH} ada@127.0.0.1 id --name --user") == "ada"


def test_what_limits_anything_goes_with_the_baseline(machine: ExampleMachine) -> None:
    machine.install("openssh-server")
    machine.tell("useradd ada; echo 'ada:correct horse' | chpasswd")
    plan = plan_of("ssh-cis", "db-1.example.com")
    without_role = ("envoys.vgo", '  - match: "*.example.com"\n    roles: [baseline]', '  - match: "*.example.com"')
    first, foreseen, then = machine.applies(
        ("run", plan),
        ("dry-run", plan_of("ssh-cis", "db-1.example.com", entry=without_role)),
        ("run", plan_of("ssh-cis", "db-1.example.com", entry=without_role)),
    )
    assert faults(first) == {}
    assert changed(foreseen) == changed(then) == {"ssh-access/settings", "ssh-daemon/settings", "sudo/settings"}
    assert machine.tell("ls /etc/ssh/sshd_config.d; ls /etc/sudoers.d") == "README"
    assert machine.tell("id --user ada") == "3001"
