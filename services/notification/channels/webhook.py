"""Notifications as signed webhooks (Standard Webhooks): to allowed addresses only, bounded in time and size."""

import asyncio
import contextlib
import email.utils
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from standardwebhooks import Webhook

from services.chassis.clock import Clock
from services.chassis.egress import Egress, EgressRefused, HostUnknown
from services.chassis.scrubbing import Scrubber
from services.notification.channels.channel import Delivered, Failed, Notification, Outcome, Target

USER_AGENT = "ModularData"
# So much of a refusal is kept for the person who looks for its cause.
SNIPPET_BYTES = 200
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class WebhookLimits:
    """Seconds a target has: to accept the connection, and for everything together."""

    connect: float = 5.0
    total: float = 15.0


class UrlInvalid(ValueError):
    """Not an address a webhook can be sent to."""


def parse_url(text: str) -> httpx.URL:
    """The address as the client itself reads it; raises UrlInvalid with a sentence that does not repeat it."""
    try:
        url = httpx.URL(text)
        host = url.host
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise UrlInvalid("is not a URL") from None
    if url.scheme not in _PORTS:
        raise UrlInvalid("must begin with https:// or http://")
    if not host or "%" in host or "\\" in text:
        raise UrlInvalid("names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise UrlInvalid("has a port that does not exist")
    if url.userinfo:
        raise UrlInvalid("must hold no user name or password; the receiver knows us by the signature")
    return url


def origin(url: httpx.URL) -> str:
    """Scheme, host and port: what shares the limit of deliveries at once."""
    return f"{url.scheme}://{url.host}:{url.port or _PORTS[url.scheme]}"


class WebhookChannel:
    """POSTs the message to the target's address, connecting only to an address that was judged."""

    kind = "webhook"

    def __init__(
        self,
        egress: Egress,
        clock: Clock,
        scrubber: Scrubber,
        limits: WebhookLimits = WebhookLimits(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._scrubber = scrubber
        self._limits = limits
        self._tls = tls

    async def deliver(self, notification: Notification, target: Target) -> Outcome:
        """Send it once. Anything but 2xx is a failure; redirects are not followed."""
        try:
            url = parse_url(target.url)
        except UrlInvalid as error:
            return Failed(f"the address {error}", permanent=True)
        with self._scrubber.holding(target.secret, notification.credential):
            try:
                async with asyncio.timeout(self._limits.total):
                    outcome = await self._send(notification, target, url)
            except TimeoutError:
                outcome = Failed(f"no answer within {self._limits.total:g} seconds")
            except HostUnknown:
                outcome = Failed("the host name has no address")
            except EgressRefused:
                outcome = Failed(
                    "the host leads to an address that is not public; the operator can allow its network with "
                    "MODULARDATA_EGRESS_ALLOW",
                    permanent=True,
                )
            except httpx.HTTPError as error:
                outcome = Failed(_reason(error))
            if isinstance(outcome, Failed):
                return Failed(self._scrubber.text(outcome.reason), outcome.permanent, outcome.retry_after)
            return outcome

    async def _send(self, notification: Notification, target: Target, url: httpx.URL) -> Outcome:
        port = url.port or _PORTS[url.scheme]
        addresses = await asyncio.to_thread(self._egress.resolve, url.raw_host.decode("ascii"), port)
        now = self._clock.now()
        signature = Webhook(target.secret).sign(str(notification.id), now, notification.body.decode())
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": str(notification.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        extensions = {
            "sni_hostname": url.raw_host.decode("ascii"),
            "timeout": httpx.Timeout(self._limits.total, connect=self._limits.connect).as_dict(),
        }
        async with (
            httpx.AsyncHTTPTransport(verify=await self._verify(), trust_env=False, retries=0) as transport,
            contextlib.AsyncExitStack() as stack,
        ):
            for more, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
                # An address that was judged, and no second look at the name: it might lead elsewhere by now.
                request = httpx.Request(
                    "POST",
                    url.copy_with(host=address),
                    content=notification.body,
                    headers=headers,
                    extensions=extensions,
                )
                try:
                    response = await transport.handle_async_request(request)
                except httpx.ConnectError:
                    if more:
                        continue
                    raise
                stack.push_async_callback(response.aclose)
                return await self._judge(response)
        raise HostUnknown

    async def _judge(self, response: httpx.Response) -> Outcome:
        status = response.status_code
        if 200 <= status < 300:
            # What a target says besides is not read: it may be endless.
            return Delivered()
        if 300 <= status < 400:
            return Failed(f"the target answered {status}; redirects are not followed, give the final address")
        snippet = await _snippet(response)
        said = f": {snippet}" if snippet else ""
        retry_after = _retry_after(response.headers.get("retry-after"), self._clock.now())
        if status == 410:
            return Failed(f"the target answered 410 Gone{said}", permanent=True)
        return Failed(f"the target answered {status}{said}", retry_after=retry_after)

    async def _verify(self) -> ssl.SSLContext:
        # Reading the certificates takes a while: once, and not on the loop.
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
        return self._tls


async def _snippet(response: httpx.Response) -> str:
    found = b""
    async for piece in response.aiter_raw(SNIPPET_BYTES):
        found += piece
        if len(found) >= SNIPPET_BYTES:
            break
    text = found[:SNIPPET_BYTES].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What the target asks for: seconds or a date; nonsense is nothing."""
    if not value:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(timedelta(0), date - now)


def _reason(error: httpx.HTTPError) -> str:
    """What went wrong on the way, in words that hold nothing of the address."""
    if isinstance(error, httpx.ConnectTimeout):
        return "the target did not accept the connection in time"
    if isinstance(error, httpx.ConnectError):
        if "certificate" in str(error).lower() or "ssl" in str(error).lower():
            return "the target's TLS certificate could not be verified"
        return "the target refused the connection"
    if isinstance(error, httpx.TimeoutException):
        return "the target did not answer in time"
    if isinstance(error, httpx.RemoteProtocolError):
        return "the target's answer is not HTTP"
    return f"the connection broke ({type(error).__name__})"
