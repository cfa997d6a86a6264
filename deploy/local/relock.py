"""Remakes jars.lock: resolves the Java archives anew and writes their paths, sizes and sums.

Run it as `make lock-jars` after changing a version here. It walks every POM and takes minutes; starting the
stack never does, it fetches what the lock names.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.artifacts import LOCK, Jar
from deploy.local.problems import StackError

# kafka-clients is named on purpose: without it the bill of materials of log4j brings a client two majors
# older than the broker. log4j-slf4j-impl is what makes the broker log at all.
ENDPOINTS = {
    "kafka": (
        "org.apache.kafka:kafka_2.13:4.3.1"
        "+org.apache.kafka:kafka-clients:4.3.1"
        "+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
    ),
    "s3proxy": "org.gaul:s3proxy:4.1.0",
}
HEADER = "# Java archives of the embedded stack: path, bytes, SHA-256. Made by `make lock-jars`.\n"


def resolve(endpoint: str, folder: Path) -> list[Jar]:
    """Resolve one endpoint with everything it needs at run time."""
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(
        repo_cache=folder / "m2",
        remote_repos={"central": MAVEN_CENTRAL_URL},
        local_repos=[],
        timeout=60,
        resolver=PythonResolver(),
    )
    builder = EnvironmentBuilder(context=context, cache_dir=folder / "envs", link_strategy=LinkStrategy.COPY)
    environment: Any = builder.from_endpoint(endpoint)
    by_name = {path.name: path for path in (folder / "m2").rglob("*.jar")}
    jars = []
    for path in map(Path, environment.all_jars):
        # The cache keeps Maven's layout, which is also the layout of the server.
        cached = by_name[path.name]
        content = cached.read_bytes()
        relative = cached.relative_to(folder / "m2").as_posix()
        jars.append(Jar(relative, len(content), hashlib.sha256(content).hexdigest()))
    return sorted(jars, key=lambda jar: jar.path)


def one_version(jars: list[Jar], group: str) -> str:
    """Refuse a lock in which one project is there in two versions."""
    versions = {jar.path.split("/")[-2] for jar in jars if jar.path.startswith(group + "/")}
    if len(versions) != 1:
        raise StackError(f"{group} would come in the versions {sorted(versions)}", "Name its parts explicitly.")
    return versions.pop()


def main() -> int:
    """Write the lock anew."""
    lines = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        for name, endpoint in ENDPOINTS.items():
            print(f"resolving {name}: {endpoint}", file=sys.stderr)
            jars = resolve(endpoint, Path(folder) / name)
            if name == "kafka":
                one_version(jars, "org/apache/kafka")
            lines.append(f"[{name}]\n")
            lines.extend(f"{jar.path} {jar.bytes} {jar.sha256}\n" for jar in jars)
    LOCK.write_text("".join(lines))
    print(f"wrote {LOCK}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
