import ast
from pathlib import Path, PurePath

from tests.gates.tree import ROOT, files, text

SOURCE = Path("src/vigo")
FEATURES = SOURCE / "server" / "features"
MOST_LINES = 400
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
# These hold data, or tests of no single part.
NO_PART = {
    "catalog/cases",
    "policy/golden",
    "contracts",
    "gates",
    "host",
    "e2e",
    "browser",
    "security",
    "fuzz",
    "docs",
    "examples",
    "bench",
}
# What talks to the person at the terminal.
TALKERS = (SOURCE / "cli", SOURCE / "agent" / "commands")


def test_the_scan_sees_the_tree() -> None:
    assert SOURCE / "core" / "errors.py" in files()


def test_a_name_says_what_is_inside() -> None:
    folders = {folder for path in files() for folder in path.parents}
    modules = {path for path in files() if path.suffix == ".py"}
    empty = sorted(str(path) for path in folders | modules if EMPTY_NAMES & set(path.stem.split("_")))
    assert not empty, f"{empty}: name it after what a user would call its content"


def test_a_source_file_tells_one_story() -> None:
    counts = {str(path): len(text(path).splitlines()) for path in _sources()}
    long = {path: count for path, count in counts.items() if count > MOST_LINES}
    assert not long, f"over {MOST_LINES} lines, split by what the reader looks for: {long}"


def test_tests_mirror_the_source() -> None:
    folders = {path.parent.relative_to("tests") for path in _tests()}
    stray = sorted(str(folder) for folder in folders if not _mirrors(folder))
    assert not stray, f"tests/{stray}: no such part in {SOURCE}; put the tests where their part is"


def test_every_part_has_tests() -> None:
    parts = {path.relative_to(SOURCE).parts[0] for path in _sources() if len(path.relative_to(SOURCE).parts) > 1}
    untested = sorted(parts - {path.relative_to("tests").parts[0] for path in _tests()})
    assert not untested, f"these parts of {SOURCE} have no tests; add tests/<part>/test_*.py: {untested}"


def test_only_commands_print() -> None:
    silent = [path for path in _sources() if not any(path.is_relative_to(talker) for talker in TALKERS)]
    printing = [f"{path}:{line}" for path in silent for line in _prints(text(path))]
    assert not printing, f"{printing}: log it, or return it to the command that asked"


def test_features_meet_at_services_and_models() -> None:
    strays = [
        f"{path}:{line} imports {module}"
        for path in _sources()
        if path.is_relative_to(FEATURES)
        for line, module in _imports(text(path))
        if _reaches_around(path, module)
    ]
    assert not strays, f"ask the other feature's service, or name its models: {strays}"


def test_a_reach_around_a_feature_is_noticed() -> None:
    inside = FEATURES / "envoys" / "rest.py"
    assert _reaches_around(inside, "vigo.server.features.runs.store")
    assert _reaches_around(inside, "vigo.server.features.runs")
    assert not _reaches_around(inside, "vigo.server.features.runs.service")
    assert not _reaches_around(inside, "vigo.server.features.envoys.store")


def _reaches_around(path: Path, module: str) -> bool:
    parts = module.split(".")
    if parts[:3] != ["vigo", "server", "features"]:
        return False
    own = path.relative_to(FEATURES).parts[0]
    return parts[3] != own and parts[4:5] not in (["service"], ["models"])


def _imports(source: str) -> list[tuple[int, str]]:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return [(node.lineno, node.module) for node in nodes if node.module is not None]


def _sources() -> list[Path]:
    found = [path for path in files() if path.is_relative_to(SOURCE) and path.suffix == ".py"]
    return [path for path in found if not path.name.endswith("_pb2.py")]


def _tests() -> list[Path]:
    return [path for path in files() if path.parts[0] == "tests" and path.match("test_*.py")]


def _mirrors(folder: PurePath) -> bool:
    name = str(folder)
    if any(name == free or name.startswith(f"{free}/") for free in NO_PART):
        return True
    return (ROOT / SOURCE / folder).is_dir() or (ROOT / SOURCE / f"{name}.py").is_file()


def _prints(source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
