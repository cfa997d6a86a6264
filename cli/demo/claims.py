"""What the story claims, and whether it held; and how it is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from cli.errors import CliError
from cli.output import plain

T = TypeVar("T")
PAUSE = 0.05


@dataclass(frozen=True)
class Claim:
    """One sentence of the story, and whether it was true."""

    step: int
    claim: str
    held: bool
    seen: str = ""


class Story:
    """Tells a story step by step, and keeps count of its claims."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._step = 0
        self.claims: list[Claim] = []

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    @property
    def held(self) -> bool:
        """Whether every claim was true."""
        return all(claim.held for claim in self.claims)

    def heading(self, title: str) -> None:
        """A new step begins."""
        self._step += 1
        self._console.print()
        self._console.print(
            Text.assemble(
                (f" {self._step} ", "bold reverse"), (f" {title}", "bold"), (f"  {self.seconds:.0f} s", "dim")
            )
        )

    def tell(self, text: str) -> None:
        """A sentence that claims nothing."""
        self._console.print(Text(f"   {plain(text)}", style="dim"), soft_wrap=True)

    def show(self, text: str) -> None:
        """A command or an address a person may want to copy."""
        self._console.print(Text(f"   {plain(text)}", style="cyan"), soft_wrap=True)

    def claim(self, sentence: str, held: bool, seen: object = "") -> bool:
        """A sentence that has to be true; when it is not, say what was seen instead."""
        self.claims.append(Claim(self._step, sentence, held, plain(seen)))
        mark = ("   ✓ ", "green") if held else ("   ✗ ", "bold red")
        self._console.print(Text.assemble(mark, plain(sentence)), soft_wrap=True)
        if not held and seen != "":
            self._console.print(Text(f"     seen: {plain(seen)}", style="red"), soft_wrap=True)
        return held

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show that something takes a moment."""
        if self._console.is_terminal:
            with self._console.status(f"   {plain(text)}", spinner_style="cyan"):
                yield
        else:
            yield

    def until(self, what: str, look: Callable[[], T | None], seconds: float = 60, pause: float = PAUSE) -> T:
        """Look again and again until there is something; the story cannot go on without it."""
        deadline = time.monotonic() + seconds
        with self.waiting(what):
            while (found := look()) is None:
                if time.monotonic() > deadline:
                    raise CliError(f"Step {self._step}: waited {seconds:.0f} s in vain for this: {what}.")
                time.sleep(pause)
        return found

    def document(self) -> list[dict[str, object]]:
        """The claims for a machine."""
        return [asdict(claim) for claim in self.claims]
