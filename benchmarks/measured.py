"""Run a command as a process of its own and measure it as a whole: seconds, processor seconds, peak memory, disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LINKAGE = (sys.executable, "-c", "from linkage.cli.main import main; main()")
EVERY = 0.5


@dataclass
class Measured:
    """What a process took: by the clock, of the processors (seconds), at most of memory and of a folder's disk (bytes)."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_memory: int = 0
    peak_disk: int = 0
    output: str = field(default="", repr=False)

    def told(self) -> dict[str, float]:
        """Return the figures rounded for a result file: seconds, and GB of 10^9 bytes."""
        return {
            "seconds": round(self.seconds, 1),
            "processor_seconds": round(self.processor_seconds, 1),
            "peak_memory_gb": round(self.peak_memory / 1e9, 2),
            "peak_disk_gb": round(self.peak_disk / 1e9, 2),
        }

    def report(self) -> dict[str, Any]:
        """Return the one JSON object that the process printed."""
        found: dict[str, Any] = json.loads(self.output)
        return found


def measured(command: Sequence[str], folder: Path | None = None) -> Measured:
    """Run a command to its end and measure it; `folder` is watched for the most bytes it holds, twice a second.

    Raises CalledProcessError, with what the command said, where it fails.
    """
    start = time.perf_counter()
    found = Measured()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(folder, found, done))
    watch.start()
    try:
        said, complaint, usage, status = _wait(process)
    finally:
        done.set()
        watch.join()
    found.seconds = time.perf_counter() - start
    if status:
        error = subprocess.CalledProcessError(status, command, said, complaint)
        error.add_note(complaint)
        raise error
    found.processor_seconds = usage.ru_utime + usage.ru_stime
    found.peak_memory = usage.ru_maxrss * 1024
    found.output = said
    return found


def run_linkage(arguments: Sequence[str], folder: Path | None = None) -> Measured:
    """Run a `linkage` command under this interpreter and measure it."""
    return measured([*LINKAGE, *arguments], folder)


def bytes_of(folder: Path) -> int:
    """Return the bytes of all files under a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            # A file that went while we looked.
            continue
    return total


def _watch(folder: Path | None, found: Measured, done: threading.Event) -> None:
    ended = False
    while folder is not None and not ended:
        # What is written last is looked at too.
        ended = done.wait(EVERY)
        found.peak_disk = max(found.peak_disk, bytes_of(folder))


def _wait(process: subprocess.Popen[str]) -> tuple[str, str, Any, int]:
    """Read what a process says and wait for it, with what it used of the machine."""
    told: dict[str, str] = {}
    readers = [
        threading.Thread(target=lambda name=name, stream=stream: told.update({name: stream.read()}))
        for name, stream in (("said", process.stdout), ("complaint", process.stderr))
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return told["said"], told["complaint"], usage, process.returncode
