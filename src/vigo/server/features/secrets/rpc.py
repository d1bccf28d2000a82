"""`ResolveSecrets`."""

from vigo.core.wire.messages import Methods
from vigo.core.wire.secret_messages import ResolveSecrets
from vigo.server.features.secrets.service import SecretService
from vigo.server.platform.auth.gate import Envoy, Gate
from vigo.server.platform.rpc.method import AnyMethod


def methods(gate: Gate, service: SecretService, max_message_bytes: int) -> list[AnyMethod]:
    """Return the methods of secrets."""

    async def resolve(envoy: Envoy, body: bytes) -> bytes:
        request = ResolveSecrets.from_bytes(body)
        found = await service.resolve(envoy, request.names)
        return found.to_bytes(request.keys, body, envoy.id)

    return [gate.method(Methods.RESOLVE_SECRETS, resolve, bytes, max_message_bytes)]
