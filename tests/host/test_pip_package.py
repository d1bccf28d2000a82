"""The kind `pip_package` with the real pip, against an index on the machine's own loopback."""

import json
import textwrap

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

VENV = "/opt/app/venv"
INDEX = "/srv/index"


def probe(**fields: object) -> PlannedResource:
    return declared("pip_package", "probe", **{"package": "Vigo_Probe", "venv": VENV, **fields})


def offer(debian: BootedDebian, *versions: str) -> None:
    """Offer wheels of these versions to pip, by its own settings; each is a zip file. Source: the wheel format."""
    debian.run("rm", "-rf", INDEX)
    debian.run("mkdir", "-p", INDEX)
    program = textwrap.dedent(f"""\
        import sys, zipfile
        for version in sys.argv[1:]:
            info = f"vigo_probe-{{version}}.dist-info"
            with zipfile.ZipFile(f"{INDEX}/vigo_probe-{{version}}-py3-none-any.whl", "w") as wheel:
                wheel.writestr("vigo_probe.py", f"VERSION = '{{version}}'\\n")
                told = f"Metadata-Version: 2.1\\nName: vigo-probe\\nVersion: {{version}}\\n"
                wheel.writestr(f"{{info}}/METADATA", told)
                wheel.writestr(f"{{info}}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr(f"{{info}}/RECORD", "")
        """)
    debian.run("python3", "-c", program, *versions)
    debian.write("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {INDEX}\n")


def version(debian: BootedDebian, name: str = "vigo-probe") -> str | None:
    """Return the version that pip itself lists."""
    rows = json.loads(debian.tell(f"{VENV}/bin/python", "-m", "pip", "list", "--format=json"))
    return next((row["version"] for row in rows if row["name"].replace("_", "-") == name), None)


def test_a_venv_is_made_and_a_version_goes_up_and_back(debian: BootedDebian) -> None:
    offer(debian, "1.0", "2.0")
    debian.run("mkdir", "-p", "/opt/app")
    debian.changes(probe(version="1"))
    assert version(debian) == "1.0"
    debian.changes(probe(version="2.0"))
    assert debian.tell(f"{VENV}/bin/python", "-c", "import vigo_probe; print(vigo_probe.VERSION)") == "2.0"
    debian.changes(probe(version="1.0"))
    debian.keeps(probe())
    debian.changes(probe(state="absent"))
    assert version(debian) is None
    debian.keeps(probe(state="absent"))


def test_the_newest_version_is_asked_for_in_one_run_and_installed_by_the_next(debian: BootedDebian) -> None:
    offer(debian, "1.0")
    debian.run("mkdir", "-p", "/opt/app")
    debian.changes(probe())
    offer(debian, "1.0", "2.0")
    debian.keeps(probe())
    asked = debian.apply(probe(state="latest"))["probe"]
    assert asked.outcome == "unchanged", asked
    assert asked.ops == ("ask for the newest release of vigo-probe",)
    assert version(debian) == "1.0"
    debian.changes(probe(state="latest"))
    assert version(debian) == "2.0"


def test_pip_runs_as_the_owner_of_the_folder_and_never_as_root(debian: BootedDebian) -> None:
    offer(debian, "1.0")
    debian.run("useradd", "--create-home", "deploy")
    debian.run("install", "-d", "-o", "deploy", "/opt/app")
    debian.changes(probe())
    assert debian.tell("find", VENV, "!", "-user", "deploy") == ""
    # What the owner makes of the venv's Python runs with the owner's rights.
    debian.run("rm", f"{VENV}/bin/python")
    debian.write(
        f"{VENV}/bin/python", "#!/bin/sh\nid --user --name > /tmp/who\nexec /usr/bin/python3 -m pip --version\n", "0755"
    )
    debian.apply(probe(version="9"))
    assert debian.tell("cat", "/tmp/who") == "deploy"


def test_debian_s_own_python_is_left_alone(debian: BootedDebian) -> None:
    offer(debian, "1.0")
    result = debian.apply(probe(venv=None))["probe"]
    assert result.outcome == "blocked", result
    assert "EXTERNALLY-MANAGED" in result.reason


def test_a_version_that_no_index_has_fails_and_is_named(debian: BootedDebian) -> None:
    offer(debian, "1.0")
    debian.run("mkdir", "-p", "/opt/app")
    result = debian.apply(probe(version="9"))["probe"]
    assert result.outcome == "failed"
    assert "==9" in result.reason
