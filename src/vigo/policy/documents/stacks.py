"""The whole folder of stacks: which file is of which kind, and everything that they declare, by name."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Final, Protocol, TypeVar

import msgspec

from vigo.core.named_task import NamedTask
from vigo.core.plan import Origin
from vigo.core.saved_query import SavedQuery
from vigo.core.workflow import Workflow
from vigo.policy.documents.compliance import FILE as COMPLIANCE_FILE
from vigo.policy.documents.compliance import Declared, read_compliance
from vigo.policy.documents.compliance_checks import ComplianceChecks
from vigo.policy.documents.configcrates import Configcrate, read_configcrate
from vigo.policy.documents.environments import FILE as ENVIRONMENTS_FILE
from vigo.policy.documents.environments import Environment, read_environments
from vigo.policy.documents.hostcrates import COMMON_FILE, HostEntry, Inherited, read_common, read_entries
from vigo.policy.documents.named_tasks import FILE as TASKS_FILE
from vigo.policy.documents.named_tasks import read_named_tasks
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.roles import Role, read_roles
from vigo.policy.documents.saved_queries import FILE as QUERIES_FILE
from vigo.policy.documents.saved_queries import read_saved_queries
from vigo.policy.documents.scriers import FILE as SCRIER_FILE
from vigo.policy.documents.scriers import ScrierEntry, read_scriers
from vigo.policy.documents.targets import Known
from vigo.policy.documents.tests import PolicyTest, check_names_of_tests, is_test_file, read_tests
from vigo.policy.documents.workflows import FILE as WORKFLOWS_FILE
from vigo.policy.documents.workflows import read_workflows
from vigo.policy.matching import Matcher
from vigo.policy.yaml_tree import Scalar

_DATA_FOLDERS: Final = ("templates/", "files/")
_IN_THE_ROOT: Final = (
    ENVIRONMENTS_FILE,
    COMPLIANCE_FILE,
    SCRIER_FILE,
    TASKS_FILE,
    WORKFLOWS_FILE,
    QUERIES_FILE,
)
_SUFFIX: Final = ".vgo"


class Stacks(msgspec.Struct, frozen=True):
    """Everything that is declared. `entries` stand in the order in which they are tried."""

    configcrates: Map[str, Configcrate]
    roles: Map[str, Role]
    environments: Map[str, Environment]
    inherited: Map[str, Inherited]
    entries: tuple[HostEntry, ...]
    compliance: Declared = Declared()
    scriers: tuple[ScrierEntry, ...] = ()
    tasks: tuple[NamedTask, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    queries: tuple[SavedQuery, ...] = ()


class _Named(Protocol):
    @property
    def name(self) -> Scalar: ...


NamedT = TypeVar("NamedT", bound=_Named)


def read_stacks(reading: Reading) -> Stacks:
    """Return what the files declare; every error of every file is recorded, and every unknown name."""
    crates: list[Configcrate] = []
    roles: list[Role] = []
    inherited: dict[str, Inherited] = {}
    entries: list[HostEntry] = []
    tests: list[PolicyTest] = []
    for file in sorted(reading.files, key=lambda path: path.split("/")):
        kind = _kind_of(file)
        if kind == "configcrate":
            crate = reading.kept(file, read_configcrate)
            crates += [] if crate is None else [crate]
        elif kind == "role":
            roles += reading.kept(file, read_roles)
        elif kind == "common":
            common = reading.kept(file, read_common)
            inherited |= {} if common is None else {common.directory: common}
        elif kind == "hostcrate":
            entries += reading.kept(file, read_entries)
        elif kind == "test":
            tests += reading.kept(file, read_tests)
        elif kind == "wrong suffix":
            message = f"expected the suffix {_SUFFIX} here, found another: the file has no effect"
            reading.findings.warning(Origin(file, 1, 1), "not-read", message, hint=f"rename it to end in {_SUFFIX}")
    has_environments = ENVIRONMENTS_FILE in reading.files
    environments = reading.kept(ENVIRONMENTS_FILE, read_environments) if has_environments else ()
    roles_by_name = _by_name(reading, "role", roles)
    environments_by_name = _by_name(reading, "environment", environments)
    tasks = reading.kept(TASKS_FILE, read_named_tasks) if TASKS_FILE in reading.files else ()
    known = Known(
        None if ENVIRONMENTS_FILE in reading.unreadable else environments_by_name,
        None if any(_kind_of(file) == "role" for file in reading.unreadable) else roles_by_name,
    )
    tasks_by_name = {task.name: task for task in tasks}
    stacks = Stacks(
        configcrates=_by_name(reading, "configcrate", crates),
        roles=roles_by_name,
        environments=environments_by_name,
        inherited=inherited,
        entries=tuple(entries),
        compliance=read_compliance(reading),
        scriers=reading.kept(SCRIER_FILE, read_scriers) if SCRIER_FILE in reading.files else (),
        tasks=tasks,
        workflows=read_workflows(reading, tasks_by_name, known) if WORKFLOWS_FILE in reading.files else (),
        queries=read_saved_queries(reading, known) if QUERIES_FILE in reading.files else (),
    )
    _check_names(reading, stacks)
    claims = [claim for crate in stacks.configcrates.values() for claim in crate.claims]
    compliance = ComplianceChecks(reading, stacks.compliance)
    compliance.check_declared(claims)
    if (tests or stacks.compliance.waivers) and not reading.findings.has_errors:
        matcher = Matcher([[pattern.text for pattern in entry.patterns] for entry in stacks.entries])
        compliance.warn_of_waivers(claims, matcher)
        named = (stacks.roles, stacks.environments)
        check_names_of_tests(reading, tests, matcher, stacks.configcrates, named)
    return stacks


def _kind_of(file: str) -> str:
    name = file.rpartition("/")[2]
    folder = file.partition("/")[0] + "/" if "/" in file else ""
    if folder in _DATA_FOLDERS or file in _IN_THE_ROOT:
        return ""
    if not file.endswith(_SUFFIX):
        is_lost = folder in ("configcrates/", "roles/") and file.endswith((".yaml", ".yml"))
        return "wrong suffix" if is_lost else ""
    if is_test_file(file):
        return "test"
    if folder == "configcrates/":
        return "configcrate"
    if folder == "roles/" or file == "roles.vgo":
        return "role"
    return "common" if name == COMMON_FILE else "hostcrate"


def _by_name(reading: Reading, what: str, found: Iterable[NamedT]) -> dict[str, NamedT]:
    named: dict[str, NamedT] = {}
    for one in found:
        former = named.setdefault(one.name.text, one)
        if former is not one:
            message = f"expected each {what} once, found {one.name.text!r} again; it stands at {former.name.origin} too"
            reading.error(one.name.origin, "duplicate-name", message, "give one of the two another name")
    return named


def _check_names(reading: Reading, stacks: Stacks) -> None:
    """Refuse names of nothing; not where a file could not be read, since what it declares is not known then."""
    unreadable = {"environment" if file == ENVIRONMENTS_FILE else _kind_of(file) for file in reading.unreadable}
    roles, environments, entries = stacks.roles.values(), stacks.environments.values(), stacks.entries
    crates = [name for role in roles for case in role.cases for name in case.configcrates]
    crates += [name for role in roles for name in role.configcrates]
    crates += [name for one in environments for name in (*one.configcrates, *one.exclude)]
    crates += [name for one in stacks.inherited.values() for name in one.configcrates]
    crates += [name for one in stacks.configcrates.values() for name in (*one.depends_on, *one.before)]
    crates += [name for entry in entries for name in entry.configcrates]
    included = [name for one in roles for name in one.includes] + [name for one in entries for name in one.roles]
    named = [one.environment for one in entries if one.environment is not None]
    for what, names, known in (
        ("configcrate", crates, stacks.configcrates),
        ("role", included, stacks.roles),
        ("environment", named, stacks.environments),
    ):
        for name in names if what not in unreadable else ():
            if name.text not in known:
                reading.unknown(name, f"no {what} has the name", known, f"unknown-{what}")
