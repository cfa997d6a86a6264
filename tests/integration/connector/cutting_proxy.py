"""A proxy in front of a database that loses the connection exactly around a COMMIT."""

import contextlib
import selectors
import socket
import threading
from typing import Literal

Cut = Literal["before", "after"]


class CuttingProxy:
    """Forwards bytes; the first connection that sends COMMIT is cut before that is forwarded, or after the answer."""

    def __init__(self, host: str, port: int, cut: Cut) -> None:
        self._target = (host, port)
        self._cut = cut
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._open: list[socket.socket] = []

    def __enter__(self) -> "CuttingProxy":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()
        for item in self._open:
            item.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._open += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        answered_then_cut = False
        with selectors.DefaultSelector() as selector, contextlib.suppress(OSError, ValueError):
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        raise OSError
                    if key.fileobj is client:
                        if b"COMMIT\x00" in data and not self.cuts:
                            self.cuts += 1
                            if self._cut == "before":
                                raise OSError
                            answered_then_cut = True
                        server.sendall(data)
                    elif answered_then_cut:
                        raise OSError
                    else:
                        client.sendall(data)
        client.close()
        server.close()
