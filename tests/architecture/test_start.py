"""What a start loads: libraries that only some installations use wait until they are used."""

import subprocess
import sys

SERVICES = ("connector", "identity", "module_registry", "notification", "orchestrator", "schema_drift", "transform")
# Each costs every process of every installation tens of megabytes, from the start on.
WAITING = ("anthropic", "boto3", "duckdb", "openai", "paramiko", "polars", "pydantic_ai")


def test_a_start_loads_nothing_that_only_some_need() -> None:
    program = (
        "import importlib, sys\n"
        f"for name in {SERVICES}: importlib.import_module(f'services.{{name}}.main')\n"
        f"print(*(name for name in {WAITING} if name in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
