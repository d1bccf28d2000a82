import pytest

from tests.cli.desk import Desk


def test_a_rotation_is_told_step_by_step(desk: Desk) -> None:
    before = desk.here("keys", "list")
    assert before.status == 0
    assert "next" not in before.out
    desk.enrol("web-1")
    begun = desk.here("keys", "rotate", "ca")
    assert begun.status == 0, begun.err
    assert "behind   1 of 1 envoys: web-1" in begun.out
    assert "vigocli keys switch ca, once all have checked in" in begun.out
    early = desk.here("keys", "switch", "ca")
    assert (early.status, "web-1" in early.err, "--force" in early.err) == (1, True, True)
    assert "switched" in desk.here("keys", "switch", "ca", "--force").out
    late = desk.here("keys", "cancel", "ca")
    assert (late.status, "once it was switched" in late.err) == (1, True)
    items = desk.here("keys", "list", "--json").json["items"]
    assert [(item["subject"], item["phase"]) for item in items] == [("ca", "switched"), ("policy", None)]


def test_a_rotation_of_the_policy_key_can_be_cancelled(desk: Desk) -> None:
    desk.here("keys", "rotate", "policy")
    done = desk.here("keys", "cancel", "policy", "--json")
    assert (done.status, done.json["phase"], done.json["next_fingerprint"]) == (0, None, None)


def test_the_host_itself_goes_on_after_the_ca_is_retired(desk: Desk) -> None:
    for verb in ("rotate", "switch", "retire"):
        force = ("--force",) if verb != "rotate" else ()
        assert desk.here("keys", verb, "ca", *force).status == 0
    assert desk.here("keys", "list").status == 0


@pytest.mark.parametrize("subject", ["vault", "", "CA"])
def test_what_cannot_be_replaced_is_wrong_usage(offline: Desk, subject: str) -> None:
    result = offline.here("keys", "rotate", subject)
    assert result.status == 2
    assert "'ca', 'policy'" in result.err
