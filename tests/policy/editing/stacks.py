"""Stacks in which places are asked about: `¦` in a text marks the place."""

from collections.abc import Mapping

from vigo.policy.editing.completions import completions
from vigo.policy.editing.hovers import hover
from vigo.policy.editing.known import Known, Reader
from vigo.policy.editing.offers import Completion
from vigo.policy.editing.targets import places_of, target_at
from vigo.policy.sources import Sources
from vigo.policy.study import study

WEB = """\
configcrate: web
vars:
  port: 8080
  tls: {on: true, days: 90}
  sites: [{name: shop, port: 8001}]
resources:
  - {name: nginx, type: package}
  - name: conf
    type: file
    path: /etc/nginx/site.conf
    source: templates/site.conf
    depends_on: [nginx]
  - {name: reload, type: service, service: nginx, state: reloaded, when: changed, subscribes: [conf]}
"""
FILES: Mapping[str, str] = {
    "configcrates/web.vgo": WEB,
    "configcrates/data/db.vgo": "configcrate: db\nvars: {size: 1}\nresources: [{name: pg, type: package}]\n",
    "roles.vgo": "roles:\n  base: {}\n  webserver: {includes: [base], configcrates: [web], vars: {port: 80}}\n",
    "environments.vgo": "environments:\n  production: {vars: {workers: 8, port: 443}}\n",
    "common.vgo": "vars: {admin: ada}\n",
    "envoys.vgo": 'envoys:\n  - {match: "*", environment: production, roles: [webserver], configcrates: [db]}\n',
    "templates/site.conf": "listen {{ vars.port }};\n",
    "files/logo.png": "x",
    "data/sites.yaml": "more: 1\n",
    "compliance.vgo": "frameworks:\n  cis: {title: CIS, controls: {'5.1': Keep it shut, '5.2': And locked}}\n",
}
CRATE = "configcrates/web.vgo"


def known(files: Mapping[str, str] = FILES) -> Known:
    sources = Sources({name: text.encode() for name, text in files.items()})
    return Reader().read(sources, study(sources).study)


KNOWN = known()


def marked(text: str) -> tuple[str, int]:
    """Return a text without its mark, and where the mark was."""
    before, mark, behind = text.partition("¦")
    assert mark, "mark the place with ¦"
    return before + behind, len(before)


def offered(text: str, file: str = CRATE, stacks: Known = KNOWN) -> tuple[Completion, ...]:
    return completions(stacks, file, *marked(text))


def labels(text: str, file: str = CRATE, stacks: Known = KNOWN) -> list[str]:
    return [one.label for one in offered(text, file, stacks)]


def chosen(text: str, label: str, file: str = CRATE, stacks: Known = KNOWN) -> str:
    """Return the text after a completion was taken."""
    content, _ = marked(text)
    one = next(one for one in offered(text, file, stacks) if one.label == label)
    return content[: one.span.start] + one.text + content[one.span.end :]


def told(text: str, file: str = CRATE, stacks: Known = KNOWN) -> str:
    """Return what hovering shows."""
    found = hover(stacks, file, *marked(text))
    return "" if found is None else found.text


def led_to(text: str, file: str = CRATE, stacks: Known = KNOWN) -> list[str]:
    """Return where going to the declaration leads."""
    target = target_at(file, *marked(text))
    return [] if target is None else [str(one) for one in places_of(stacks, file, target)]
