"""Opening what an order asks for."""

from vigo.agent.host.loopback import connect_to
from vigo.agent.host.pseudo_terminal import Size, open_shell
from vigo.agent.host.real_host import RealHost
from vigo.agent.scrier.opened import Far
from vigo.core.errors import BlockedError
from vigo.core.scrier import ScrierOrder


async def open_far(order: ScrierOrder, root: str | None) -> Far:
    """Return the shell, or the connection, that an order asks for.

    Raises:
        BlockedError: this is an image, or there is no such user.
        ForbiddenError: it is a shell of root.
        UnavailableError: it cannot be opened.
    """
    if RealHost(root).is_image():
        raise BlockedError("nothing is opened for an image (--root): it would be on the running machine")
    if order.kind == "forward":
        return await connect_to(order.port)
    return open_shell(order.user, order.terminal, Size(order.columns, order.rows))
