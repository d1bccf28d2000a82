from pathlib import Path

import pytest

from tests.e2e.circumstances import without_rights
from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server

LOOPBACK = ("--grpc-listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0")


def test_a_refused_enrolment_says_why_and_leaves_nothing_behind(server: Server, folder: Path) -> None:
    token = server.token("web-*")
    envoy, other = Envoy("web-1", folder, server), Envoy("db-1", folder, server)
    bent = {
        "this token is not in force": envoy.enrol_words({**token, "token": "vigo-nonsense"}),
        f"expected a CA with the SHA-256 fingerprint {'0' * 64}, found {token['ca_sha256']}; the token was not sent": (
            envoy.enrol_words({**token, "ca_sha256": "0" * 64})
        ),
        "this token is for hostnames like 'web-*', found 'db-1'": other.enrol_words(token),
        "nothing listens there; check that vigosrv runs, and the port": (
            envoy.enrol_words({**token, "server": "https://127.0.0.1:1"})
        ),
    }
    for message, words in bent.items():
        refused = call("vigo", *words)
        assert (refused.status, refused.out) == (1, "")
        assert message in refused.err
        assert refused.err.count("\n") == 1
    assert token["token"] not in server.process.err
    assert envoy.once().status == 3
    assert not {"web-1", "db-1"} & {item["hostname"] for item in server.get("/api/v1/envoys")["items"]}
    assert envoy.enrol(token).status()["hostname"] == "web-1"


def test_enrolling_twice_is_as_good_as_once_and_a_used_token_lets_no_other_machine_in(
    server: Server, folder: Path
) -> None:
    token = server.token("app-*")
    envoy = Envoy("app-1", folder, server).enrol(token)
    identity = envoy.status()["envoy"]
    again = call("vigo", *envoy.enrol_words(token))
    assert again.status == 0
    assert again.out.startswith(f"already enrolled as app-1 ({identity})")
    assert envoy.status()["envoy"] == identity
    used = call("vigo", *Envoy("app-2", folder, server).enrol_words(token))
    assert used.status == 1
    assert "this token has been used 1 of 1 times" in used.err
    same_name = call("vigo", *Envoy("app-1", folder / "another", server).enrol_words(server.token("app-1")))
    assert same_name.status == 1
    assert "the hostname app-1 belongs to an envoy that is active" in same_name.err
    renamed = [word if word != "app-1" else "app-9" for word in envoy.enrol_words(token)]
    refused = call("vigo", *renamed)
    assert refused.status == 1
    assert "enrolled already as app-1" in refused.err
    assert envoy.status()["envoy"] == identity


@pytest.mark.parametrize("words", [("run", "--once"), ("run", "--dry-run"), ("daemon",), ("status",), ("traits",)])
def test_without_enrolment_a_command_ends_with_3_and_says_how_to_enrol(words: tuple[str, ...], folder: Path) -> None:
    refused = call("vigo", *words, "--state-dir", folder / "state")
    assert (refused.status, refused.out) == (3, "")
    assert "found no identity in" in refused.err
    assert "vigo enroll --server URL --token TOKEN --ca-sha256 FINGERPRINT" in refused.err
    assert not (folder / "state").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("vigo", "rum"), "Did you mean 'run'?"),
        (("vigo", "run", "--dry"), "Did you mean '--dry-run'?"),
        (("vigo", "daemon", "--interval", "soon"), "expected a duration from 1s to 7d, such as 30s, 5m or 1h"),
        (("vigo", "enroll"), "Missing option '--server'"),
        (("vigosrv", "ini"), "Did you mean 'init'?"),
        (("vigosrv", "run"), "Missing option '--data-dir'"),
        (("vigocli", "envoy"), "Did you mean one of: 'enrol', 'envoys'?"),
        (("vigocli", "envoys", "lst"), "Did you mean 'list'?"),
        (("vigocli", "config", "publish"), "Missing option '-m'"),
        (("vigocli", "tokens", "create", "--hostname", "x", "--uses", "0"), "0 is not in the range"),
        (("vigocli", "runs", "show"), "expected either the id of a run or --latest-of ENVOY"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_fits(words: tuple[str, ...], message: str) -> None:
    refused = call(*words)
    assert (refused.status, refused.out) == (2, "")
    assert message in refused.err


def test_a_port_in_use_is_named_and_the_folder_serves_on_another(server: Server, folder: Path) -> None:
    for taken in (("--grpc-listen", server.grpc, *LOOPBACK[2:]), (*LOOPBACK[:2], "--api-listen", server.api)):
        refused = call("vigosrv", "run", "--data-dir", folder / "server", *taken)
        assert (refused.status, refused.out) == (1, "")
        last = refused.err.splitlines()[-1]
        assert last.startswith("vigosrv: listener ")
        assert "another program has it" in last
    with Server(folder) as another:
        assert another.get("/api/v1/envoys")["items"] == []


def test_a_wrong_setting_is_refused_with_its_line_and_the_nearest_name(folder: Path) -> None:
    data = folder / "server"
    assert call("vigosrv", "init", "--data-dir", data).status == 0
    settings = data / "server.yaml"
    good = settings.read_text()
    settings.write_text("check_in_intervall: 5m\nbundle_max_age: 5 weeks\n")
    refused = call("vigosrv", "run", "--data-dir", data, *LOOPBACK)
    assert (refused.status, refused.out) == (2, "")
    assert f"{settings}:1: no setting has the name 'check_in_intervall'; did you mean" in refused.err
    assert f"{settings}:2: bundle_max_age: expected a duration" in refused.err
    settings.write_text(good)
    with Server(folder):
        pass


def test_init_twice_changes_nothing_and_says_so(folder: Path) -> None:
    words = ("vigosrv", "init", "--data-dir", folder / "server")
    assert call(*words).status == 0
    before = {path: path.read_bytes() for path in (folder / "server").rglob("*") if path.is_file()}
    again = call(*words)
    assert again.status == 1
    assert "initialised already, nothing was changed" in again.err
    lock = folder / "server/run/lock"
    kept = {path: content for path, content in before.items() if path != lock}
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_folder_of_another_user_is_refused_in_one_line_by_each_program(server: Server, folder: Path) -> None:
    envoy = Envoy("own-1", folder, server).enrol()
    with without_rights(server.data, envoy.state) as prefix:
        refusals = {
            "vigosrv": call("vigosrv", "run", "--data-dir", server.data, *LOOPBACK, prefix=prefix),
            "vigocli": call("vigocli", "--data-dir", server.data, "envoys", "list", prefix=prefix),
            "vigo": call("vigo", "run", "--once", "--state-dir", envoy.state, prefix=prefix),
        }
    for program, refused in refusals.items():
        assert (refused.status, refused.out) == (1, ""), program
        assert refused.err.startswith(f"{program}: "), program
        assert refused.err.count("\n") == 1, program
    assert "no right to it as user" in refusals["vigosrv"].err
    assert "run vigocli as root or as the folder's owner" in refusals["vigocli"].err
    assert "run as the user that enrolled, usually root" in refusals["vigo"].err
    assert envoy.status()["hostname"] == server.envoy("own-1")["hostname"]


def test_a_folder_that_nobody_can_make_is_refused_in_one_line(folder: Path) -> None:
    where = Path("/proc/vigo")
    refused = call("vigosrv", "init", "--data-dir", where)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"vigosrv: {where}: ")
    assert refused.err.count("\n") == 1
