"""Where mails of tests go."""

import socket
import threading
import time


class Mailbox:
    """A mail server that takes everything and delivers nothing, as long as `server` listens."""

    def __init__(self, server: socket.socket) -> None:
        self.port, self.lines = server.getsockname()[1], list[str]()
        threading.Thread(target=self._serve, args=(server,), daemon=True).start()

    def received(self, text: str, seconds: float = 30) -> bool:
        """Whether a line holds the text, sooner or later."""
        until = time.monotonic() + seconds
        while not any(text in line for line in self.lines) and time.monotonic() < until:
            time.sleep(0.1)
        return any(text in line for line in self.lines)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # closed
                return
            with connection, connection.makefile("rwb", buffering=0) as stream:
                self._take(stream)

    def _take(self, stream: socket.SocketIO) -> None:
        stream.write(b"220 here\r\n")
        amid_message = False
        for raw in stream:
            line = raw.decode().rstrip("\r\n")
            self.lines.append(line)
            begins = not amid_message and line.upper() == "DATA"
            amid_message = line != "." and (amid_message or begins)
            if begins or not amid_message:
                stream.write(b"354 go on\r\n" if begins else b"250 ok\r\n")
            if not amid_message and line.upper() == "QUIT":
                return
