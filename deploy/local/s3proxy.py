"""S3Proxy: an S3 server over a folder, which plays the customer's store on a laptop."""

from __future__ import annotations

from deploy.local import probes
from deploy.local.account import Account
from deploy.local.class_archive import ClassArchive
from deploy.local.java import Java
from deploy.local.ports import HOST
from deploy.local.state import State
from deploy.local.supervisor import Program, server_environment

HEAP_MB = 96

PROPERTIES = """\
s3proxy.endpoint=http://{host}:{port}
s3proxy.authorization=aws-v2-or-v4
s3proxy.identity={identity}
s3proxy.credential={credential}
s3proxy.v4-max-non-chunked-request-size=134217728
s3proxy.jetty.max-threads=24
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir={data}
"""

# Without this every packet is logged.
LOGGING = """\
<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level %logger{20}: %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="console"/></root>
</configuration>
"""


class S3Proxy:
    """The S3 server of one copy."""

    name = "s3"

    def __init__(self, state: State, account: Account, java: Java, classes: ClassArchive) -> None:
        self._state, self._account, self._java, self._classes = state, account, java, classes
        self._home = account.make_folder(state.folder / "s3")

    async def prepare(self) -> None:
        """Write its settings and make the bucket, which is a folder."""
        self._account.make_folder(self._home / "data")
        self._account.make_folder(self._state.landing)
        settings = PROPERTIES.format(
            host=HOST,
            port=self._state.ports["s3"],
            identity=self._state.s3_access_key,
            credential=self._state.s3_secret_key,
            data=self._home / "data",
        )
        self._account.write(self._home / "s3proxy.conf", settings)
        self._account.write(self._home / "logback.xml", LOGGING)

    def program(self) -> Program:
        """Say how it is run."""
        port = self._state.ports["s3"]
        return Program(
            name=self.name,
            command=[
                str(self._java.path),
                *self._java.lean_flags(HEAP_MB),
                *self._classes.flags(self._home),
                f"-Djava.io.tmpdir={self._home}",
                f"-Dlogback.configurationFile={self._home / 'logback.xml'}",
                *("-cp", self._classes.class_path, "org.gaul.s3proxy.Main"),
                *("--properties", str(self._home / "s3proxy.conf")),
            ],
            folder=self._home,
            environment=server_environment(self._home),
            account=self._account,
            # Without a signature it refuses, which is an answer.
            ready=lambda: probes.http_answers(f"http://{HOST}:{port}/", good=(200, 403)),
        )
