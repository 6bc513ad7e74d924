"""A proxy before PostgreSQL that cuts connections at COMMIT: before it arrives, or before its answer does."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

from psycopg import conninfo

COMMIT = b"COMMIT\0"


class Proxy:
    """Listens on a port of this machine; ``before`` and ``after`` count the cuts."""

    def __init__(self, url: str, *, share: float, seed: int) -> None:
        self.url, self.share = url, share
        self.before = self.after = 0
        self._dice = random.Random(seed)
        self._server = conninfo.conninfo_to_dict(url)

    async def _behind(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._server.get("host", "localhost")), self._server.get("port", 5432)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await self._behind()
        back = asyncio.create_task(self._pass_on(there, writer))
        try:
            size = await reader.readexactly(4)  # the first message has no type
            here.write(size + await reader.readexactly(int.from_bytes(size, "big") - 4))
            while True:
                kind = await reader.readexactly(1)
                size = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(size, "big") - 4)
                if kind == b"Q" and body == COMMIT and self._dice.random() < self.share:
                    if self._dice.random() < 0.5:
                        self.before += 1
                        return
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    here.write(kind + size + body)
                    # The answer comes as far as here. "C" is complete: it is committed.
                    complete = await there.readexactly(1) == b"C"
                    self.after += complete
                    return
                here.write(kind + size + body)
                await here.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            back.cancel()
            for end in (here, writer):
                end.close()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while more := await reader.read(65536):
            writer.write(more)
            await writer.drain()
        writer.close()

    @contextmanager
    def __call__(self) -> Iterator[str]:
        """Let it run in a thread; gives its address."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        listening = asyncio.start_server(self._client, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listening, loop).result()
        port = server.sockets[0].getsockname()[1]
        user = quote(str(self._server.get("user", "")), safe="")
        if password := self._server.get("password"):
            user += f":{quote(str(password), safe='')}"
        try:
            # Encrypted, it could not read along.
            yield urlunsplit(
                urlsplit(self.url)._replace(
                    netloc=f"{user}@127.0.0.1:{port}", query="sslmode=disable&gssencmode=disable"
                )
            )
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
