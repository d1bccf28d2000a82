"""The OpenAPI document against the server that it describes, with requests that Schemathesis makes from it."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.cli.desk import Desk
from tests.server.harness import a_run
from vigo.server.platform.auth.table import GRPC, TABLE, WEB_SOCKET

_CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
_FEW = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Desk(tmp_path_factory.mktemp("openapi")) as found:
        found.do(found.server.start())
        found.do(found.server.publish())
        found.enrol("web-1", a_run())
        yield found
        found.do(found.server.stop())


def test_what_the_document_says_of_each_operation_holds(desk: Desk) -> None:
    document = desk.do(desk.server.request("GET", "/api/v1/openapi.json")).json()
    tried = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue  # these have no end
        tried += 1

        @_FEW
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(
                base_url=desk.server.url,
                headers={"Authorization": f"Bearer {desk.server.admin_token}"},
                verify=str(desk.server.folder.ca_certificate),
                timeout=30,
            )
            if answer.status_code != 503:  # something is not there now, which no document can know
                case.validate_response(answer, checks=_CHECKS)

        ask()
    assert tried > 60


def test_the_document_has_every_route_for_programs_and_no_page(desk: Desk) -> None:
    document = desk.do(desk.server.request("GET", "/api/v1/openapi.json")).json()
    described = {(verb.upper(), path) for path, verbs in document["paths"].items() for verb in verbs}
    programs = {
        (verb, path)
        for verb, path in TABLE
        if verb not in (GRPC, WEB_SOCKET) and path.startswith(("/api/", "/bootstrap", "/metrics", "/healthz"))
    }
    assert described == programs - {("GET", "/api/v1/openapi.json")}
    assert document["openapi"].startswith("3.1")
