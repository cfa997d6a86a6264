"""The model planner: a proposal of a language model, held to the recipe's schema and judged like anybody's recipe.

What comes back is not trusted: it is parsed against the schema, checked against the table, mended at most twice, and
never more than a proposal. The endpoint gets a limited time and may answer with a limited number of bytes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeVar

import httpx2
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic import BaseModel, ConfigDict, Field
from pydantic_ai import Agent, ModelRetry, ToolOutput
from pydantic_ai.exceptions import AgentRunError, ModelAPIError, ModelHTTPError, UserError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import UsageLimits

from contracts.adaptation import MOST_PROPOSED, PreludeQuestion, PreludeStep
from contracts.commands.connector import Problem
from contracts.recipe import Step
from services.chassis.scrubbing import Scrubber
from services.transform.planner import preludes
from services.transform.planner.prompt import RULES, message
from services.transform.planner.view import ModelGone, Question, TableView

MAX_STEPS = 30
MAX_REPAIRS = 2
MAX_ANSWER_BYTES = 1 << 20
MAX_TOKENS = 8_000
_NEEDS_OTHERS = frozenset({"join", "lookup", "union"})

Judge = Callable[[tuple[Step, ...]], Awaitable[tuple[Problem, ...]]]
PreludeJudge = Callable[[tuple[PreludeStep, ...]], Awaitable[tuple[Problem, ...]]]
Answer = TypeVar("Answer", bound=BaseModel)


class Proposal(BaseModel):
    """Steps of a recipe, or a question to the person."""

    model_config = ConfigDict(extra="forbid")

    steps: list[Step] = Field(default_factory=list, max_length=MAX_STEPS)
    question: str | None = Field(default=None, max_length=1_000, description="Instead of steps: what has to be known.")
    choices: list[str] = Field(default_factory=list, max_length=20, description="Answers to the question.")


class PreludeProposal(BaseModel):
    """Steps that bring a table into another shape."""

    model_config = ConfigDict(extra="forbid")

    steps: list[PreludeStep] = Field(default_factory=list, max_length=MOST_PROPOSED)


class ModelPlanner:
    """Asks a model behind an OpenAI-compatible or Anthropic endpoint."""

    def __init__(
        self,
        *,
        protocol: Literal["openai", "anthropic"],
        url: str,
        name: str,
        key_file: Path | None,
        seconds: float,
        values: bool,
        scrubber: Scrubber,
    ) -> None:
        self._protocol = protocol
        self._url = url
        self._name = name
        self._key_file = key_file
        self._seconds = seconds
        self._values = values
        self._scrubber = scrubber

    async def plan(self, instruction: str, view: TableView, judge: Judge) -> tuple[Step, ...] | Question:
        """Steps that the judge found nothing wrong with, or a question; raises ModelGone."""

        async def judged(proposal: Proposal) -> list[dict[str, str]]:
            return await _judged(proposal, judge)

        told = message(instruction, view, values=self._values)
        proposal = await self._answer(Proposal, RULES, told, judged, self._seconds)
        if proposal.question is not None or not proposal.steps:
            return Question(
                proposal.question or "What is to be done with this table?", "unclear", tuple(proposal.choices)
            )
        return tuple(proposal.steps)

    async def prelude(self, asked: PreludeQuestion, judge: PreludeJudge, seconds: float) -> tuple[PreludeStep, ...]:
        """Steps that adapt, with which the judge found nothing wrong; none where it knows none. Raises ModelGone."""

        async def judged(proposal: PreludeProposal) -> list[dict[str, str]]:
            return [one.model_dump() for one in await judge(tuple(proposal.steps))] if proposal.steps else []

        told = preludes.message(asked, values=self._values)
        limit = min(seconds, self._seconds)
        return tuple((await self._answer(PreludeProposal, preludes.RULES, told, judged, limit)).steps)

    async def _answer(
        self,
        kind: type[Answer],
        rules: str,
        told: str,
        judged: Callable[[Answer], Awaitable[list[dict[str, str]]]],
        seconds: float,
    ) -> Answer:
        """An answer of that kind with which nothing is wrong; raises ModelGone."""
        key = self._key_file.read_text(encoding="utf-8").strip() if self._key_file else "none"
        with self._scrubber.holding(key) if self._key_file else self._scrubber.holding():
            async with _client(seconds) as client:
                agent = Agent(
                    self._model(client, key),
                    output_type=ToolOutput(kind, name="propose"),
                    instructions=rules,
                    retries={"output": MAX_REPAIRS, "tools": 0},
                    model_settings=ModelSettings(max_tokens=MAX_TOKENS, temperature=0.0),
                )

                @agent.output_validator
                async def mended(answer: Answer) -> Answer:
                    problems = await judged(answer)
                    if problems:
                        raise ModelRetry(json.dumps(problems, ensure_ascii=False)[:4_000])
                    return answer

                try:
                    async with asyncio.timeout(seconds):
                        done = await agent.run(told, usage_limits=UsageLimits(request_limit=1 + MAX_REPAIRS))
                except TimeoutError:
                    raise ModelGone("The model took too long to answer.") from None
                except ModelHTTPError as error:
                    raise ModelGone(_told(error.status_code)) from None
                except (ModelAPIError, httpx2.HTTPError, _TooLarge):
                    raise ModelGone("The model cannot be reached, or its answer cannot be read.") from None
                except (AgentRunError, UserError):
                    raise ModelGone("The model proposed nothing that can be run on this table.") from None
        return done.output

    def _model(self, client: httpx2.AsyncClient, key: str) -> Model:
        if self._protocol == "anthropic":
            anthropic = AsyncAnthropic(base_url=self._url, api_key=key, http_client=client, max_retries=0)
            return AnthropicModel(self._name, provider=AnthropicProvider(anthropic_client=anthropic))
        openai = AsyncOpenAI(base_url=self._url, api_key=key, http_client=client, max_retries=0)
        return OpenAIChatModel(self._name, provider=OpenAIProvider(openai_client=openai))


async def _judged(proposal: Proposal, judge: Judge) -> list[dict[str, str]]:
    """What is wrong with a proposal, each with its place."""
    if proposal.question is not None:
        return []
    for at, step in enumerate(proposal.steps):
        if step.kind in _NEEDS_OTHERS:
            return [{"pointer": f"/steps/{at}", "code": "input_unknown", "message": "There is no other table here."}]
    return [problem.model_dump() for problem in await judge(tuple(proposal.steps))]


def _told(status: int) -> str:
    if status == 429:
        return "The model has too much to do just now. Try again later, or plan with the rules."
    if status in (401, 403):
        return "The model's endpoint does not accept the key that is configured for it."
    return f"The model's endpoint answered with an error ({status})."


class _TooLarge(Exception):
    """The answer is longer than any plan can be."""


class _Limited(httpx2.AsyncByteStream):
    """A body of which no more is read than an answer may be long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ANSWER_BYTES
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise _TooLarge
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """Limits what is read of an answer."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"  # a small body cannot become a large one
        answer = await super().handle_async_request(request)
        if isinstance(answer.stream, httpx2.AsyncByteStream):
            answer.stream = _Limited(answer.stream)
        return answer


def _client(seconds: float) -> httpx2.AsyncClient:
    """No redirects: the instruction goes where the operator said, and nowhere else."""
    return httpx2.AsyncClient(
        transport=_Transport(trust_env=False), timeout=seconds, follow_redirects=False, trust_env=False
    )
