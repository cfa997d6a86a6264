"""What every channel does alike, and what the webhook does against targets that mean no good."""

import asyncio
import json
import secrets
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import standardwebhooks
import svix.webhooks
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from services.chassis.clock import SystemClock
from services.chassis.egress import Egress, HostUnknown
from services.chassis.scrubbing import Scrubber
from services.notification.channels.channel import Channel, Delivered, Failed, Notification, Target
from services.notification.channels.log import LogChannel
from services.notification.channels.webhook import WebhookChannel, WebhookLimits
from tests.conformance import webhook_targets as targets
from tests.conformance.webhook_targets import Behaviour, WebhookTarget, serving

LOOPBACK = (ip_network("127.0.0.0/8"),)
PATIENT = WebhookLimits(2.0, 5.0)
SECRET = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def webhook(*, limits: WebhookLimits = PATIENT, tls: ssl.SSLContext | None = None) -> WebhookChannel:
    """A webhook channel that may reach this machine, and knows any `….test` name as this machine."""

    def resolve(host: str, port: int) -> list[str]:
        if host.endswith(".test") or host == "127.0.0.1":
            return ["127.0.0.1"]
        raise HostUnknown(host)

    return WebhookChannel(Egress(LOOPBACK, resolve), SystemClock(), Scrubber(), limits, tls)


def notification(summary: str = "Something happened.", **data: Any) -> Notification:
    tenant = uuid4()
    body = {"type": "run.finished.v1", "tenant": str(tenant), "summary": summary, "advice": "Look.", "data": data}
    encoded = json.dumps(body, ensure_ascii=False).encode()
    return Notification(uuid4(), tenant, "run.finished.v1", summary, "Look.", encoded)


@dataclass
class Arrived:
    """A notification on the other side."""

    id: UUID
    summary: str


@dataclass
class Rig:
    """A channel and a way to look at its other side."""

    channel: Channel
    target: Target
    arrived: Callable[[], Sequence[Arrived]]
    said: Callable[[], str]  # all that was written where people read


@asynccontextmanager
async def log_rig() -> AsyncIterator[Rig]:
    with capture_logs() as lines:
        yield Rig(
            LogChannel(),
            Target(),
            lambda: [Arrived(UUID(line["notification"]), line["summary"]) for line in lines],
            lambda: str(lines),
        )


@asynccontextmanager
async def webhook_rig() -> AsyncIterator[Rig]:
    with capture_logs() as lines:
        async with serving() as target:

            def arrived() -> list[Arrived]:
                return [
                    Arrived(UUID(request.headers["webhook-id"]), json.loads(request.body)["summary"])
                    for request in target.requests
                ]

            yield Rig(webhook(), Target(target.url, SECRET), arrived, lambda: str(lines))


RIGS = {"log": log_rig, "webhook": webhook_rig}


@pytest.mark.parametrize("kind", RIGS)
async def test_a_channel_has_the_name_rules_call_it_by(kind: str) -> None:
    async with RIGS[kind]() as rig:
        assert rig.channel.kind == kind


@pytest.mark.parametrize("kind", RIGS)
async def test_what_is_delivered_arrives_with_its_id(kind: str) -> None:
    async with RIGS[kind]() as rig:
        sent = [notification(f"Number {n}.") for n in range(3)]
        for one in sent:
            assert await rig.channel.deliver(one, rig.target) == Delivered()
        assert [(item.id, item.summary) for item in rig.arrived()] == [(one.id, one.summary) for one in sent]


@pytest.mark.parametrize("kind", RIGS)
async def test_the_same_notification_sent_again_has_the_same_id(kind: str) -> None:
    async with RIGS[kind]() as rig:
        one = notification()
        await rig.channel.deliver(one, rig.target)
        await rig.channel.deliver(one, rig.target)
        assert {item.id for item in rig.arrived()} == {one.id}
        assert len(rig.arrived()) == 2


@pytest.mark.parametrize("kind", RIGS)
@pytest.mark.parametrize("summary", ["", "é\u202e\x1b[2J\r\nX-Evil: 1", "<script>", "x" * 60_000])
async def test_any_text_goes_through(kind: str, summary: str) -> None:
    async with RIGS[kind]() as rig:
        assert await rig.channel.deliver(notification(summary), rig.target) == Delivered()
        assert rig.arrived()[0].summary == summary


@pytest.mark.parametrize("kind", RIGS)
async def test_many_at_once(kind: str) -> None:
    async with RIGS[kind]() as rig:
        sent = [notification() for _ in range(20)]
        outcomes = await asyncio.gather(*(rig.channel.deliver(one, rig.target) for one in sent))
        assert outcomes == [Delivered()] * 20
        assert {item.id for item in rig.arrived()} == {one.id for one in sent}


@pytest.mark.parametrize("kind", RIGS)
async def test_the_secret_stands_nowhere(kind: str) -> None:
    async with RIGS[kind]() as rig:
        await rig.channel.deliver(notification(), rig.target)
        assert SECRET not in rig.said()


# The webhook alone


async def test_the_signature_is_one_that_others_verify() -> None:
    async with serving() as target:
        one = notification("Grüße", rows=3)
        assert await webhook().deliver(one, Target(target.url, SECRET)) == Delivered()
    request = target.requests[0]
    assert request.line == "POST /hook?x=1 HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{target.port}"
    for library in (standardwebhooks.Webhook(SECRET), svix.webhooks.Webhook(SECRET)):
        library.verify(request.body, request.headers)  # raises when it does not hold
    assert json.loads(request.body)["summary"] == "Grüße"
    # Seen red: another secret, another byte, another id.
    other = svix.webhooks.Webhook(f"whsec_{b64encode(b'x' * 32).decode()}")
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        other.verify(request.body, request.headers)
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        svix.webhooks.Webhook(SECRET).verify(request.body + b" ", request.headers)
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        svix.webhooks.Webhook(SECRET).verify(request.body, request.headers | {"webhook-id": str(uuid4())})


async def outcome_of(behave: Behaviour, **options: Any) -> tuple[Failed | Delivered, float, WebhookTarget]:
    began = time.monotonic()
    async with serving(behave) as target:
        outcome = await webhook(**options).deliver(notification(), Target(target.url, SECRET))
    return outcome, time.monotonic() - began, target


async def test_a_redirect_is_a_failure_and_nobody_goes_there() -> None:
    async with serving() as canary:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            outcome, _, _ = await outcome_of(targets.says(status, b"", f"Location: {canary.url}"))
            assert isinstance(outcome, Failed)
            assert "redirects are not followed" in outcome.reason
    assert canary.requests == []


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (targets.drip, "no answer within 1 seconds"),
        (targets.drip_body, "no answer within 1 seconds"),
        (targets.silence, "no answer within 1 seconds"),
        (targets.hang_up, "the target's answer is not HTTP"),
        (targets.not_http, "the target's answer is not HTTP"),
        (targets.huge_head, "the target's answer is not HTTP"),
        (targets.endless, "the target answered 500: " + "x" * 200),
        (targets.says("400 Bad", b"\x00bad\nthing\xff"), "the target answered 400: bad thing\N{REPLACEMENT CHARACTER}"),
        (targets.says("500 Oh", f"I know {SECRET}".encode()), "the target answered 500: I know [secret]"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_rogue_target_costs_a_bounded_time_and_leaves_a_reason(behave: Behaviour, reason: str) -> None:
    outcome, seconds, _ = await outcome_of(behave, limits=WebhookLimits(0.5, 1.0))
    assert outcome == Failed(reason)
    assert seconds < 3


async def test_what_follows_a_success_is_not_read() -> None:
    outcome, seconds, _ = await outcome_of(targets.endless_success)
    assert outcome == Delivered()
    assert seconds < 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [("120", 120.0), ("0", 0.0), ("-5", None), ("soon", None), ("9" * 400, 999_999_999.0), ("date", 90.0)],
)
async def test_what_a_target_asks_for_is_heard(header: str, expected: float | None) -> None:
    if header == "date":
        header = (datetime.now(UTC) + timedelta(seconds=91)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    outcome, _, _ = await outcome_of(targets.says("503 Busy", b"", f"Retry-After: {header}"))
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    if expected is None:
        assert outcome.retry_after is None
    else:
        assert outcome.retry_after is not None
        assert min(expected, 10**8) - 2 <= outcome.retry_after.total_seconds() <= min(expected, 10**8) + 2


async def test_gone_is_for_ever() -> None:
    outcome, _, _ = await outcome_of(targets.says("410 Gone"))
    assert isinstance(outcome, Failed)
    assert outcome.permanent


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_an_address_inside_is_refused_and_never_called(host: str) -> None:
    async with serving() as canary:
        channel = WebhookChannel(Egress(), SystemClock(), Scrubber(), WebhookLimits(1.0, 2.0))
        url = f"http://{host}:{canary.port}/hook"
        outcome = await channel.deliver(notification(), Target(url, SECRET))
        assert isinstance(outcome, Failed)
        assert outcome.permanent
        assert "MODULARDATA_EGRESS_ALLOW" in outcome.reason
        assert canary.requests == []
        # A positive control: the operator's list lets the same address through.
        allowed = WebhookChannel(
            Egress((*LOOPBACK, ip_network("0.0.0.0/8"))), SystemClock(), Scrubber(), WebhookLimits(1.0, 2.0)
        )
        if ":" not in host:
            assert await allowed.deliver(notification(), Target(url, SECRET)) == Delivered()


async def test_a_name_is_asked_once_so_a_second_answer_leads_nowhere() -> None:
    """DNS rebinding: the first answer is public, every later one is this machine."""
    answers = iter([["203.0.113.9"], ["127.0.0.1"], ["127.0.0.1"]])
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    async with serving(host="rebind.test") as canary:
        # 203.0.113.0/24 is a documentation range: nothing answers there, and the list has to allow it.
        egress = Egress((ip_network("203.0.113.0/24"),), rebinding)
        channel = WebhookChannel(egress, SystemClock(), Scrubber(), WebhookLimits(0.5, 1.0))
        outcome = await channel.deliver(notification(), Target(canary.url, SECRET))
        assert isinstance(outcome, Failed)
        assert asked == ["rebind.test"]
        assert canary.requests == []


async def test_the_name_stays_in_the_host_header() -> None:
    async with serving(host="hooks.test") as target:
        assert await webhook().deliver(notification(), Target(target.url, SECRET)) == Delivered()
    assert target.requests[0].headers["host"] == f"hooks.test:{target.port}"


async def test_a_second_address_is_tried_when_the_first_does_not_answer() -> None:
    async with serving(host="two.test") as target:
        egress = Egress(LOOPBACK, lambda _host, _port: ["127.9.9.9", "127.0.0.1"])
        channel = WebhookChannel(egress, SystemClock(), Scrubber(), WebhookLimits(1.0, 2.0))
        assert await channel.deliver(notification(), Target(target.url, SECRET)) == Delivered()


async def test_nobody_there() -> None:
    async with serving() as target:
        url = target.url
    outcome = await webhook().deliver(notification(), Target(url, SECRET))
    assert outcome == Failed("the target refused the connection")
    outcome = await webhook().deliver(notification(), Target("http://nowhere.invalid/", SECRET))
    assert outcome == Failed("the host name has no address")
    outcome = await webhook().deliver(notification(), Target("gopher://x/", SECRET))
    assert outcome == Failed("the address must begin with https:// or http://", permanent=True)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for this name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoded = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(secret + encoded)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=encoded.decode())


async def test_a_certificate_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "hooks.test")
    async with serving(tls=server, host="hooks.test") as target:
        assert await webhook(tls=client).deliver(notification(), Target(target.url, SECRET)) == Delivered()
        refused = Failed("the target's TLS certificate could not be verified")
        other = target.url.replace("hooks.test", "other.test")
        assert await webhook(tls=client).deliver(notification(), Target(other, SECRET)) == refused
        assert await webhook().deliver(notification(), Target(target.url, SECRET)) == refused
    assert len(target.requests) == 1
