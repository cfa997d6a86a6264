"""Apache Kafka as one node of a laptop: broker and controller in one small process."""

from __future__ import annotations

import base64
import shutil
import uuid

from deploy.local import probes
from deploy.local.account import Account
from deploy.local.class_archive import ClassArchive
from deploy.local.java import Java
from deploy.local.ports import HOST
from deploy.local.state import State
from deploy.local.supervisor import Program, run_once, server_environment

HEAP_MB = 160

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
# After kill -9 the broker waits for its own old session to end; the default would make that nine seconds.
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
# One laptop: few threads, small buffers, small segments.
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
background.threads=2
num.recovery.threads.per.data.dir=2
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.io.buffer.size=131072
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
metadata.log.segment.bytes=8388608
socket.send.buffer.bytes=131072
socket.receive.buffer.bytes=131072
metric.reporters=
"""

LOGGING = """\
status=WARN
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""


class Kafka:
    """The broker of one copy."""

    name = "kafka"

    def __init__(self, state: State, account: Account, java: Java, classes: ClassArchive) -> None:
        self._state, self._account = state, account
        self._home = account.make_folder(state.folder / "kafka")
        self._java_command = [
            str(java.path),
            *java.lean_flags(HEAP_MB),
            *classes.flags(self._home),
            # Java asks no TMPDIR, and /tmp may be closed to it or forbid what it unpacks there (the zstd library).
            f"-Djava.io.tmpdir={self._home}",
            f"-Dlog4j2.configurationFile={self._home / 'log4j2.properties'}",
            "-cp",
            classes.class_path,
        ]

    async def prepare(self) -> None:
        """Write its settings, and format its folder at the first start."""
        ports = self._state.ports
        settings = PROPERTIES.format(
            host=HOST, port=ports["kafka"], controller=ports["kafka_controller"], data=self._home / "data"
        )
        self._account.write(self._home / "server.properties", settings)
        self._account.write(self._home / "log4j2.properties", LOGGING)
        formatted = self._home / "formatted"
        if formatted.exists():
            return
        # What an interrupted format left is no data yet.
        shutil.rmtree(self._home / "data", ignore_errors=True)
        await run_once(
            "kafka format",
            [
                *(*self._java_command, "kafka.tools.StorageTool", "format", "--standalone"),
                *("-t", self._state.kafka_cluster_id, "-c", str(self._home / "server.properties")),
            ],
            folder=self._home,
            environment=server_environment(self._home),
            account=self._account,
            log=self._state.logs / "kafka-format.log",
        )
        self._account.write(formatted, self._state.kafka_cluster_id)

    def program(self) -> Program:
        """Say how it is run."""
        port = self._state.ports["kafka"]
        return Program(
            name=self.name,
            command=[*self._java_command, "kafka.Kafka", str(self._home / "server.properties")],
            folder=self._home,
            environment=server_environment(self._home),
            account=self._account,
            ready=lambda: probes.kafka_answers(port),
            stop_seconds=20,
        )


def new_cluster_id() -> str:
    """Make a cluster id: sixteen bytes, as Kafka spells them."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A leading dash would be read as an option of the format tool.
        if not text.startswith("-"):
            return text
