"""`Hello` and `CheckIn`."""

from typing import Final

from vigo.core.wire.messages import CheckIn, CheckInAnswer, Greeting, Hello, Methods, SignedRequest
from vigo.server.features.checkin.service import CheckInService
from vigo.server.platform.auth.gate import Envoy, Gate
from vigo.server.platform.rpc.method import AnyMethod, Call, Method

_MOST_HELLO_BYTES: Final = 4096


def methods(gate: Gate, service: CheckInService, max_message_bytes: int) -> list[AnyMethod]:
    """Return the methods of checking in."""

    async def hello(call: Call, request: SignedRequest) -> Hello:
        envoy = gate.greet(call, request)
        greeting = Greeting.from_bytes(request.body)
        await service.greeted(envoy, greeting.mark, "unknown" if call.client is None else call.client[0])
        return Hello(gate.server, gate.session, envoy.sequence)

    async def check_in(envoy: Envoy, body: bytes) -> CheckInAnswer:
        return await service.check_in(envoy.id, CheckIn.from_bytes(body))

    greeting = Method(
        path=Methods.HELLO,
        handler=hello,
        parse=SignedRequest.from_bytes,
        serialize=Hello.to_bytes,
        max_request_bytes=_MOST_HELLO_BYTES,
    )
    return [greeting, gate.method(Methods.CHECK_IN, check_in, CheckInAnswer.to_bytes, max_message_bytes)]
