"""The rules of the house that an import checker cannot see; each failure says why the rule exists and what to do."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("contracts", "services", "cli", "deploy")
SERVICES = sorted(
    folder.name
    for folder in (ROOT / "services").iterdir()
    if (folder / "main.py").exists() and folder.name != "chassis"
)
ROOMS = ("main.py", "settings.py", "README.md", "migrations")


def tracked(*folders: str, suffix: str = ".py") -> list[Path]:
    """Files that git tracks or would, below these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.splitlines() if name.endswith(suffix) and (ROOT / name).exists()]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def offenders_of(source: str) -> Iterator[str]:
    """What in a file of production code goes against the house."""
    tree = ast.parse(source)
    if source.strip() and ast.get_docstring(tree) is None:
        yield "no docstring: say in one sentence what the file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call | ast.Name):
            name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(name, ast.Name) and name.id == "NotImplementedError":
                yield f"line {node.lineno}: NotImplementedError: write the thing, or use an abstract method"
        if isinstance(node, ast.ExceptHandler):
            silent = all(isinstance(item, ast.Pass | ast.Continue) for item in node.body)
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            if silent and broad:
                yield f"line {node.lineno}: an error is swallowed: name the one you expect, or log it"
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield f"line {number}: left for later: do it, or write it down in docs/reference/limits.md"
        if re.search(r"\b(PYTEST_\w+|pytest|is_testing|under_test)\b", line):
            yield f"line {number}: production code must not know of tests; compose the parts otherwise in tests/"
        if re.search(r"(?<![\w.])(/home/[a-z]+|/root|/Users/[a-z]+)/", line):
            yield f"line {number}: a path of one machine"


@pytest.mark.parametrize("path", tracked(*CODE), ids=relative)
def test_production_code_keeps_the_house_rules(path: Path) -> None:
    if "migrations" in path.parts and path.name == "env.py":
        return
    assert list(offenders_of(path.read_text())) == []


def test_the_rules_are_seen_red() -> None:
    source = (
        "def f():\n    try:\n        g()\n    except Exception:\n        pass\n"
        "    raise NotImplementedError\n# TODO later\nif PYTEST_RUN: open('/home/someone/x')\n"
    )
    assert len(list(offenders_of(source))) == 6


def test_no_drawers() -> None:
    """A file is named by what it holds: a drawer named `utils` holds what nobody wanted to name."""
    drawers = re.compile(r"(^|/)(utils?|common|helpers?|manager|misc)(\.py|/)")
    assert [relative(p) for p in tracked(*CODE, "tests") if drawers.search(relative(p))] == []
    assert drawers.search("services/chassis/utils.py")


def test_code_lies_at_most_four_segments_deep() -> None:
    deep = [
        relative(path)
        for path in tracked(*CODE)
        if len(path.relative_to(ROOT).parts) > 4 and "migrations" not in path.parts
    ]
    assert deep == [], "flatten the folder: every segment is one more thing to remember"


def test_files_have_at_most_400_lines() -> None:
    long = {relative(path): n for path in tracked(*CODE) if (n := len(path.read_text().splitlines())) > 400}
    assert long == {}, "make a folder of the same name, one file per purpose"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    missing = [room for room in ROOMS if not (ROOT / "services" / service / room).exists()]
    assert missing == []


def test_no_registry_is_named() -> None:
    """Where packages come from is the machine's business: a named host breaks a mirror, and a build without one."""
    hosts = re.compile(
        r"(pypi\.org|pythonhosted\.org|repo1?\.maven\.(apache\.)?org|registry\.npmjs\.org|proxy\.golang\.org)"
    )
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    named = []
    for name in listed:
        path = ROOT / name
        if path.is_file() and path != Path(__file__) and path.stat().st_size < 5_000_000:
            text = path.read_bytes()
            if b"\0" not in text[:1000] and hosts.search(text.decode("utf-8", "replace")):
                named.append(name)
    assert named == []
    assert hosts.search("https://pypi.org/simple")


def test_workflow_code_imports_only_what_is_deterministic() -> None:
    """An allow-list: contracts, temporalio, pure parts of the standard library; anything else may change on replay."""
    allowed = {"contracts", "temporalio", "services"}
    pure = {
        "asyncio",
        "collections",
        "dataclasses",
        "datetime",
        "enum",
        "functools",
        "typing",
        "uuid",
        "contextlib",
        "itertools",
    }
    wrong = []
    for path in tracked("services/orchestrator/workflows"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                inside = name.startswith("services.orchestrator.workflows")
                if top not in allowed | pure or (top == "services" and not inside):
                    wrong.append(f"{relative(path)}: {name}")
    assert wrong == []


def test_importing_a_module_touches_nothing() -> None:
    """Work at import time hides from composition: no sockets, no files written, no threads."""
    modules = [relative(p)[:-3].replace("/", ".").removesuffix(".__init__") for p in tracked("contracts", "services")]
    modules = [m for m in modules if ".migrations" not in m and not m.endswith("__main__")]
    script = (
        "import sys, threading, importlib\n"
        "def forbid(event, args):\n"
        "    if event in {'socket.connect', 'socket.bind', 'subprocess.Popen', 'os.mkdir', 'os.remove'}:\n"
        "        raise RuntimeError(f'{event} at import')\n"
        "    if event == 'open' and isinstance(args[1], str) and any(c in args[1] for c in 'wax+'):\n"
        "        if '__pycache__' not in str(args[0]) and not str(args[0]).startswith('/dev/'):\n"
        "            raise RuntimeError(f'{args[0]} opened for writing at import')\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(forbid)\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "print('threads', threading.active_count())\n"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", script, *modules], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "threads 1" in done.stdout
