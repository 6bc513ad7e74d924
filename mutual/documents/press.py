"""The printing press: a child process that turns finished markup into PDF, and nothing else.

`mutual.documents.documents` starts this file by its path, without the project, its settings or its secrets, and
speaks to it over a pipe: each message is a four-byte length, a JSON head, a zero byte, and bytes. The child may not
open a connection (its fetcher has no handlers, and where the system allows it has no network at all), may use a
limited amount of memory in its life and of processor time for each document, and is thrown away when it breaks either.

Why it is quick: one process for many documents, stylesheets parsed once, a browser stylesheet of ten lines in place
of WeasyPrint's two hundred and fifty, markup read by the C parser of the standard library, cyclic garbage collected
between documents and never inside one, rule lines painted as one path for each table instead of four borders for each
cell (`typesetter.py`), and the `shortcuts.py`.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import json
import os
import resource
import select
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

_LENGTH = struct.Struct(">I")
FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What a broken template or the libraries may raise (markup that is not well-formed is a SyntaxError)."""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def leave_the_network() -> bool:
    """Move into a network namespace without any interface; False where the system does not allow it."""
    if not sys.platform.startswith("linux"):
        return False
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    return any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER))


def limit_memory(limit: int) -> None:
    """Allow `limit` bytes of address space in all, no core file, and files of at most 64 MiB."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 26, 1 << 26))


def allow_seconds(seconds: int) -> None:
    """Allow this many further seconds of processor time: the limit counts from the process's birth."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def read(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """One message from the pipe; None when the other side has closed it."""
    length = pipe.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    message = pipe.read(_LENGTH.unpack(length)[0])
    head, _, body = message.partition(b"\0")
    return json.loads(head), body


def write(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """One message into the pipe."""
    message = json.dumps(head).encode() + b"\0" + body
    pipe.write(_LENGTH.pack(len(message)) + message)
    pipe.flush()


def main(settings: dict[str, Any]) -> NoReturn:
    """Serve documents until the pipe closes, the worker has been idle too long, or has done its share.

    `settings`: ``memory`` (bytes), ``seconds`` (per document), ``idle`` (seconds), ``documents`` (how many before a
    fresh process is due: the libraries below leak about 0.1 MB with each), ``browser`` and ``paper`` (the two
    stylesheets), ``shortcuts`` (off only to prove that they change nothing).
    """
    network = not leave_the_network()
    inlet, outlet = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # nothing but messages may reach the pipe
    limit_memory(settings["memory"])
    allow_seconds(settings["seconds"])
    module = _beside("typesetter")
    if settings["shortcuts"]:
        _beside("shortcuts").take()
    typesetter = module.Typesetter(browser=settings["browser"], paper=settings["paper"])
    write(outlet, {"ready": True, "network": network, "versions": module.versions()})
    gc.collect()
    gc.freeze()
    gc.disable()
    for count in range(1, settings["documents"] + 1):
        if not select.select([inlet], [], [], settings["idle"])[0]:
            break
        message = read(inlet)
        if message is None:
            break
        allow_seconds(settings["seconds"])
        last = count == settings["documents"]
        try:
            head, pdf = typesetter.print(*message)
        except (MemoryError, RecursionError):
            write(outlet, {"refused": "too complex", "last": True})
            break
        except module.Outside as error:
            head, pdf = {"refused": "outside", "what": str(error)}, b""
        except FAULTS:  # raised again in the parent, where it is a bug
            head, pdf = {"broke": traceback.format_exc(limit=-6)}, b""
        write(outlet, {**head, "last": last}, pdf)
        if count % 10 == 0:
            gc.collect()
    outlet.close()
    os._exit(0)


def _beside(name: str) -> Any:
    """Load the module of that name beside this file, without letting this folder hide anybody's modules."""
    spec = importlib.util.spec_from_file_location(f"_press_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
