"""Bringing a notification to where it is taken: over HTTPS without redirects, or by mail."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

import httpx

from vigo.catalog.formats.web_addresses import WebAddress, host_port, is_near, web_address
from vigo.core.errors import ForbiddenError, UnavailableError
from vigo.server.features.notifications.channels import secret_of
from vigo.server.features.notifications.models import Channel, Delivery
from vigo.server.features.notifications.shapes import Shaped, line_of, shaped

_WITHIN: Final = timedelta(seconds=15)
_SHOWN: Final = 200

Send = Callable[[Channel, Delivery, datetime], Awaitable[None]]
"""Brings a delivery to a channel, or raises a VigoError."""


class Sender:
    """Sends. `trust` is for the certificates of others; by default those that this machine trusts."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust

    async def send(self, channel: Channel, delivery: Delivery, now: datetime) -> None:
        """Return once the other side has taken it.

        Raises:
            ForbiddenError: its address is one of this machine or of its link.
            InvalidError: a secret or the address cannot be read.
            UnavailableError: nobody took it.
        """
        secret = secret_of(channel.secret_file) if channel.secret_file else ""
        if channel.type == "email":
            await asyncio.to_thread(self._mail, channel, secret, delivery)
            return
        url = secret_of(channel.url_file) if channel.url_file else channel.url
        await self._post(channel, shaped(channel, url, secret, delivery.id, delivery.happening, now))

    async def _post(self, channel: Channel, request: Shaped) -> None:
        address = web_address("url", request.url)
        place = await asyncio.to_thread(_resolved, address.host, address.port, allow_near=channel.allow_near)
        trust = ssl.create_default_context() if self._trust is None else self._trust
        try:
            # Only the address that was looked at is connected to: a name that then leads elsewhere leads nowhere.
            async with httpx.AsyncClient(
                verify=trust, trust_env=False, follow_redirects=False, timeout=_WITHIN.total_seconds()
            ) as client:
                answer = await client.post(
                    _at(address, place),
                    content=request.body,
                    headers={**request.headers, "Host": address.authority},
                    extensions={"sni_hostname": address.host},
                )
        except httpx.HTTPError as error:
            raise UnavailableError(f"{address.origin}: {type(error).__name__} {error}".strip()) from error
        if not answer.is_success:
            raise UnavailableError(
                f"{address.origin}: expected a status from 200 to 299, found {answer.status_code}"
                f" {answer.text[:_SHOWN]!r}"
            )

    def _mail(self, channel: Channel, password: str, delivery: Delivery) -> None:
        place = host_port("server", channel.server)
        address = _resolved(place.host, place.port, allow_near=channel.allow_near)
        message = EmailMessage()
        message["From"], message["To"] = channel.sender, ", ".join(channel.to)
        text = " ".join(line_of(delivery.happening).split())
        message["Subject"] = f"Vigo: {text}"[:_SHOWN]
        message["Message-ID"] = f"<{delivery.id}@vigo>"
        message["Date"] = delivery.happening.at
        message.set_content(f"{text}\n\n{delivery.happening.at:%Y-%m-%d %H:%M:%S} UTC\n")
        trust = ssl.create_default_context() if self._trust is None else self._trust
        try:
            with _Smtp(place.host, place.port, address, _WITHIN.total_seconds()) as smtp:
                if smtp.has_extn("starttls") or not is_near(address):
                    smtp.starttls(context=trust)
                if channel.username:
                    smtp.login(channel.username, password)
                smtp.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError(f"{channel.server}: {type(error).__name__} {error}") from error


class _Smtp(smtplib.SMTP):
    """Connects to an address that was looked at before, and greets by the name."""

    def __init__(self, host: str, port: int, address: str, timeout: float) -> None:
        self._address = address
        super().__init__(host, port, timeout=timeout)
        self.ehlo()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host
        return socket.create_connection((self._address, port), timeout)


def _resolved(host: str, port: int, *, allow_near: bool) -> str:
    """Return the address that a name leads to.

    Raises:
        ForbiddenError: it leads to this machine, or to its link.
        UnavailableError: it leads nowhere.
    """
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"{host}: its name cannot be resolved: {error}") from error
    for address in found:
        if is_near(address) and not allow_near:
            raise ForbiddenError(
                f"{host} leads to {address}, which is this machine or its link; set allow_near: true for this channel"
                " if that is meant"
            )
    return found[0]


def _at(address: WebAddress, place: str) -> str:
    host = f"[{place}]" if ":" in place else place
    return f"{address.scheme}://{host}:{address.port}{address.target}"
