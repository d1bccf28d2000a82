import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.cron_schedule import CronJob, check_schedule, cron_file, parse_cron_file
from vigo.core.errors import InvalidError

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="/-_.%\\ $;|"), min_size=1)


@pytest.mark.parametrize(
    "schedule",
    ["* * * * *", "*/5 0-23/2 1,15 jan-MAR mon", "0 0 31 12 7", "@reboot", "5\t4 * * *", "0,30 8-18 * * 1-5"],
)
def test_what_cron_takes_is_accepted(schedule: str) -> None:
    check_schedule(schedule)


FIELDS_OUT_OF_RANGE = ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *")
NO_FIELDS = ("*/0 * * * *", "5/2 * * * *", "* * * mon *", "a * * * *", "1, * * * *", "\uff11 * * * *")
NO_SCHEDULES = ("", "* * * *", "* * * * * *", "@never", "* * * * *\n* * * * *")


@pytest.mark.parametrize("schedule", FIELDS_OUT_OF_RANGE + NO_FIELDS + NO_SCHEDULES)
def test_what_cron_would_refuse_is_refused(schedule: str) -> None:
    with pytest.raises(InvalidError, match="schedule: expected"):
        check_schedule(schedule)


@given(st.text() | st.text("*/-,0123456789 @a", max_size=20))
def test_any_text_is_accepted_or_refused_as_invalid(text: str) -> None:
    try:
        check_schedule(text)
    except InvalidError:
        return
    assert "\n" not in text


@given(WORDS.filter(str.strip), st.sampled_from(["@daily", "1 2 3 4 5", "*/5 * * * mon"]))
def test_a_printed_job_is_read_back_and_has_no_bare_percent_sign(command: str, schedule: str) -> None:
    text = cron_file(schedule, "deploy", command.strip(), {"PATH": "/usr/bin", "A": "b c"})
    job = parse_cron_file(text)
    assert job is not None
    assert (job.schedule, job.user) == (schedule, "deploy")
    assert job.command.replace("\\%", "%") == command.strip().replace("\\%", "%")
    assert job.environment == ('A="b c"', 'PATH="/usr/bin"')


@given(st.text())
def test_any_file_is_read_without_an_error(text: str) -> None:
    assert isinstance(parse_cron_file(text), CronJob | None)


def test_a_value_keeps_its_quotes_or_is_refused() -> None:
    assert "A='say \"x\"'\n" in cron_file("@daily", "root", "x", {"A": 'say "x"'})
    with pytest.raises(InvalidError, match="found both"):
        cron_file("@daily", "root", "x", {"A": "'\""})
