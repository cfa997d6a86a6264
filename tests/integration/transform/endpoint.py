"""A model's endpoint on this machine: speaks both protocols, says what it was told to, and keeps what it heard."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@dataclass
class Endpoint:
    """Answers each request with the next of its answers, the last one again and again."""

    answers: list[Answer]
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> "Endpoint":
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.heard.append(body)
                endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
                at = min(len(endpoint.heard), len(endpoint.answers)) - 1
                endpoint.answers[at](self, body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def send(handler: BaseHTTPRequestHandler, status: int, document: Any, **headers: str) -> None:
    """A JSON document as an answer."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def proposes(*steps: dict[str, Any], **more: Any) -> Answer:
    """Proposes steps by calling the tool it was given, in whichever protocol it was asked."""
    return says({"steps": list(steps), **more})


def says(arguments: Any) -> Answer:
    """Calls the tool with these arguments; a text stands for itself."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if handler.path.endswith("/messages"):
            document = arguments if not isinstance(arguments, str) else {"steps": arguments}
            content = {"type": "tool_use", "id": "call-1", "name": "propose", "input": document}
            send(handler, 200, {
                "id": "msg-1", "type": "message", "role": "assistant", "model": "local", "content": [content],
                "stop_reason": "tool_use", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
            })  # fmt: skip
            return
        said = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = {"id": "call-1", "type": "function", "function": {"name": "propose", "arguments": said}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        send(handler, 200, {
            "id": "chat-1", "object": "chat.completion", "created": 1, "model": "local",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        })  # fmt: skip

    return answer


def calls(*names: str) -> Answer:
    """Calls tools by these names, whatever it was given, in the protocol of OpenAI."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        made = [
            {"id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": "{}"}}
            for at, name in enumerate(names)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": made}
        send(handler, 200, {
            "id": "chat-1", "object": "chat.completion", "created": 1, "model": "local",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        })  # fmt: skip

    return answer


def chats(text: str) -> Answer:
    """Talks instead of proposing anything."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": text}
        send(handler, 200, {
            "id": "chat-1", "object": "chat.completion", "created": 1, "model": "local",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        })  # fmt: skip

    return answer


def fails(status: int, **headers: str) -> Answer:
    """Answers with an error of HTTP."""
    return lambda handler, body: send(handler, status, {"error": {"message": "no", "type": "no"}}, **headers)


def floods(megabytes: int, sent: list[int]) -> Answer:
    """Sends more than anybody can want to read, and notes each piece that was taken."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(megabytes << 20))
        handler.end_headers()
        try:
            for _ in range(megabytes):
                handler.wfile.write(b" " * (1 << 20))
                sent.append(1)
        except OSError:
            handler.close_connection = True  # nobody listens any more: that is what is wanted

    return answer


def hangs(until: threading.Event) -> Answer:
    """Says nothing for as long as it may."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        until.wait(30)
        handler.close_connection = True

    return answer
