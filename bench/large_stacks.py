"""Stacks of the size that the compiler is measured with: 1,000 files, 10,000 resources, 2,000 match entries.

They are shaped like a large fleet's: a base that every machine has, roles by what machines do, a folder for each site
with its own `common.vgo` and entries, and on each entry a few variables of its own.
"""

from collections.abc import Iterator
from typing import Final

ROLES: Final = 45
CRATES_OF_A_ROLE: Final = 20
CRATES_OF_THE_BASE: Final = 10
SITES: Final = 40
ENTRIES_OF_A_SITE: Final = 50
TEMPLATES: Final = 7


def large_stacks(part: float = 1.0) -> dict[str, bytes]:
    """Return the files by their paths: 1,000 of them, or a part of these with that many fewer roles and sites."""
    roles, sites = max(1, round(part * ROLES)), max(1, round(part * SITES))
    files = {**_configcrates(roles), **dict(_sites(sites, roles)), **_the_rest(roles)}
    return {name: text.encode() for name, text in files.items()}


def _configcrates(roles: int) -> dict[str, str]:
    files = {
        f"configcrates/base/{number}.vgo": _crate(f"base-{number}", number) for number in range(CRATES_OF_THE_BASE)
    }
    for role in range(roles):
        for number in range(CRATES_OF_A_ROLE):
            files[f"configcrates/role-{role}/{number}.vgo"] = _crate(f"role-{role}-{number}", number)
    return files


def _crate(name: str, number: int) -> str:
    """Return a configcrate as people write them: packages, a user, files from templates, a service with a handler."""
    site = "site {{ vars.site }}, " if number % 5 == 0 else ""
    rack = "rack {{ vars.rack }}, " if number == 0 else ""
    return f"""\
# {name}: what it is for, who looks after it
configcrate: {name}
vars:
  port: {8000 + number}
  workers: 4
  limits: {{files: 1024, processes: 64}}
  users: {{{name}-a: {{uid: 2001}}, {name}-b: {{uid: 2002}}}}
defaults: {{owner: root, group: root}}
resources:
  - name: package
    type: package
    package: {name}
  - name: group
    type: group
    group: {name}
  - name: "user-{{{{ key }}}}"
    type: user
    user: "{{{{ key }}}}"
    shell: /usr/sbin/nologin
    foreach: "{{{{ vars.users }}}}"
    depends_on: [group]
  - name: directory
    type: directory
    path: /etc/{name}
    mode: 0750
    depends_on: [package]
  - name: conf
    type: file
    path: /etc/{name}/{name}.conf
    mode: 0640
    depends_on: [directory]
    notify: [restart]
    content: |
      # {site}{rack}managed by vigo
      port = {{{{ vars.port }}}}
      workers = {{{{ vars.workers }}}}
      files = {{{{ vars.limits.files }}}}
  - name: limits
    type: file
    path: /etc/security/limits.d/{name}.conf
    content: "{name} hard nproc {{{{ vars.limits.processes }}}}\\n"
  - name: address
    type: file
    path: /etc/{name}/address
    content: "{{{{ traits.network.fqdn }}}}:{{{{ vars.port }}}}\\n"
    when: os_family('debian')
    depends_on: [directory]
  - name: site
    type: file
    path: /etc/{name}/site.conf
    source: templates/site-{number % TEMPLATES}.conf
    depends_on: [directory]
  - name: {name}-rotate
    type: cron
    command: /usr/sbin/logrotate /etc/{name}/rotate.conf
    minute: "17"
  - name: running
    type: service
    service: {name}
    enabled: true
    depends_on: [conf]
  - name: restart
    type: service
    service: {name}
    state: restarted
    when: changed
"""


def _sites(sites: int, roles: int) -> Iterator[tuple[str, str]]:
    for site in range(sites):
        yield f"sites/{site}/common.vgo", f"vars:\n  site: site-{site}\n  ntp: [ntp-1.site-{site}.example.com]\n"
        entries = (_entry(site, number, roles) for number in range(ENTRIES_OF_A_SITE))
        yield f"sites/{site}/envoys.vgo", "envoys:\n" + "".join(entries)


def _entry(site: int, number: int, roles: int) -> str:
    role = (site * ENTRIES_OF_A_SITE + number) % roles
    environment = "production" if number % 5 else "staging"
    return f"""\
  - match: ["r{role}-{number}-*.site-{site}.example.com", "r{role}-{number}.site-{site}.example.com"]
    environment: {environment}
    roles: [role-{role}]
    vars: {{rack: {number}, row: {number % 7}}}
"""


def _the_rest(count: int) -> dict[str, str]:
    base = ", ".join(f"base-{number}" for number in range(CRATES_OF_THE_BASE))
    roles = [f"  base: {{configcrates: [{base}]}}\n"]
    for role in range(count):
        crates = ", ".join(f"role-{role}-{number}" for number in range(CRATES_OF_A_ROLE))
        roles.append(f"  role-{role}: {{includes: [base], configcrates: [{crates}], vars: {{workers: {role + 2}}}}}\n")
    sites = ["site = {{ vars.site }}\n", *[f"variant = {number}\n" for number in range(1, TEMPLATES)]]
    return {
        "roles.vgo": "roles:\n" + "".join(roles),
        "common.vgo": "vars: {domain: example.com, contact: ops@example.com}\n",
        "environments.vgo": "environments:\n  production: {vars: {limits: {files: 65536}}}\n  staging: {}\n",
        **{
            f"templates/site-{number}.conf": f"{text}listen = {{{{ vars.port }}}}\n"
            for number, text in enumerate(sites)
        },
    }
