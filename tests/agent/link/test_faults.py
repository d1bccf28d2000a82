import ssl
from datetime import UTC, datetime

import pytest

from vigo.agent.link.faults import explained
from vigo.core.errors import TimedOutError, UnavailableError

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    "reason", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_CERTIFICATE_EXPIRED", "TLSV1_ALERT_UNKNOWN_CA"]
)
def test_an_alert_about_our_certificate_is_told_and_is_no_refusal_of_this_envoy(reason: str) -> None:
    error = explained(ssl_error(reason), "srv:1530", NOW)
    assert type(error) is UnavailableError
    assert "does not accept this machine's certificate" in str(error)


def test_another_alert_is_not() -> None:
    assert isinstance(explained(ssl_error("TLSV1_ALERT_PROTOCOL_VERSION"), "srv:1530", NOW), UnavailableError)


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (TimeoutError(), TimedOutError, "no answer in time"),
        (ConnectionRefusedError(111, "refused"), UnavailableError, "nothing listens there"),
        (ConnectionResetError(104, "reset"), UnavailableError, "closed the connection"),
        (OSError(113, "No route to host"), UnavailableError, "No route to host"),
        (RuntimeError("odd"), UnavailableError, "odd"),
    ],
)
def test_every_error_names_the_address(error: BaseException, kind: type[Exception], told: str) -> None:
    found = explained(error, "srv:1530", NOW)
    assert type(found) is kind
    assert str(found).startswith("srv:1530: ")
    assert told in str(found)


def test_what_is_explained_already_stays() -> None:
    error = UnavailableError("as it is")
    assert explained(error, "srv:1530", NOW) is error
