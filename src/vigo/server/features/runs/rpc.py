"""`ReportResult`."""

from vigo.core.wire.messages import Methods, ReportAnswer, run_from_bytes
from vigo.server.features.runs.service import RunService
from vigo.server.platform.auth.gate import Envoy, Gate
from vigo.server.platform.rpc.method import AnyMethod


def methods(gate: Gate, service: RunService, max_message_bytes: int) -> list[AnyMethod]:
    """Return the methods of runs."""

    async def report_result(envoy: Envoy, body: bytes) -> ReportAnswer:
        return ReportAnswer(stored_before=await service.keep(envoy.id, envoy.hostname, run_from_bytes(body)))

    return [gate.method(Methods.REPORT_RESULT, report_result, ReportAnswer.to_bytes, max_message_bytes)]
