"""The processes of the benchmark: servers, started and always stopped, and the load client."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from parcelcast.errors import ArtefactError
from serving.bench.load import Load, Measured

HOST = "127.0.0.1"
_STOP_SECONDS = 10.0


@contextmanager
def server(
    command: Sequence[str], environment: Mapping[str, str], port: int, ready: str, patience: float
) -> Iterator[None]:
    """Run a server until the block ends. ArtefactError, with its last words, when `ready` does not answer in time."""
    with tempfile.TemporaryFile() as log:
        # A group of its own, so that workers that it starts end with it.
        process = subprocess.Popen(  # noqa: S603  # the command is ours
            command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            if not _answers(process, f"http://{HOST}:{port}{ready}", patience):
                log.seek(0)
                last = log.read().decode(errors="replace").strip().splitlines()[-3:]
                raise ArtefactError(
                    f"{Path(command[0]).name} {' '.join(command[1:4])} did not start: {' / '.join(last)}"
                )
            yield
        finally:
            _stop(process)


def measure(load: Load) -> Measured:
    """Put a load on a server from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "load.json"
        spec.write_text(json.dumps(asdict(load)), encoding="utf-8")
        command = [sys.executable, "-m", "serving.bench.load", str(spec)]
        done = subprocess.run(command, check=True, capture_output=True, timeout=load.seconds + 60)  # noqa: S603
    return Measured(**json.loads(done.stdout))


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], address: str, patience: float) -> bool:
    deadline = monotonic() + patience
    while monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(address, timeout=1):  # noqa: S310  # our own loopback address
                return True
        except (URLError, OSError):
            sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, 15)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
