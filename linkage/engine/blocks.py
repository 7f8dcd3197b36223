"""A database file as it lies on the disk: blocks, each behind its checksum, by which two copies are compared; and the locks on it."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# The layout of DuckDB 2.0: its storage/storage_info.hpp and storage/single_file_block_manager.cpp.
_HEADER = 3 * 4096
"""Bytes before the first block: the header of the file, and two of the database that take turns."""
_MAGIC = (8, b"DUCK")
_BLOCK_SIZES = (4096 + 40, 8192 + 40)
"""Where the headers of the database tell the bytes of a block."""
_PAGE = 4096
_SUM = 8


def differing(one: Path, two: Path) -> list[tuple[int, int]] | None:
    """Return the pieces of the closed database `one` that its copy `two`, an older one say, does not hold: first byte and end.

    A block is taken as held where `two` has the same checksum at the same place: 64 bits, so that another block passes
    for it once in 10^19. None where one of the files is absent or laid out in another way. Raises OSError.
    """
    size = _block_size(one)
    if size is None or size != _block_size(two):
        return None
    end = one.stat().st_size
    differ = _sums(one, end, size) != _sums(two, end, size)
    edges = np.flatnonzero(np.diff(differ, prepend=False, append=False)).reshape(-1, 2) * size + _HEADER
    # The headers tell which state the blocks make up; they always go.
    return [(0, _HEADER), *((start, min(stop, end)) for start, stop in edges.tolist())]


def _block_size(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        return None
    at, magic = _MAGIC
    if len(header) < _HEADER or header[at : at + len(magic)] != magic:
        return None
    # A database that was written through once has one header of two.
    told = {int.from_bytes(header[place : place + 8], "little") for place in _BLOCK_SIZES} - {0}
    size = told.pop() if len(told) == 1 else 0
    return size if size and size % _PAGE == 0 else None


def _sums(path: Path, end: int, size: int) -> NDArray[np.uint64]:
    """Return the checksum of each block up to byte `end`, 0 where the file is shorter."""
    places = range(_HEADER, end, size)
    with path.open("rb") as file:
        number = file.fileno()
        advise = getattr(os, "posix_fadvise", None)
        if advise is not None:
            # One page a block, all asked for at once: read in turn, each would wait for the disk.
            advise(number, 0, 0, os.POSIX_FADV_RANDOM)
            for place in places:
                advise(number, place, _SUM, os.POSIX_FADV_WILLNEED)
        read = b"".join(os.pread(number, _SUM, place).ljust(_SUM, b"\0") for place in places)
    return np.frombuffer(read, np.uint64)


def is_open(path: Path) -> bool:
    """Return whether anybody has the database open, this process too; where the system cannot tell, it is taken to be."""
    # Locks of this kind meet those of the engine's own process, which plain ones do not.
    command = getattr(fcntl, "F_OFD_SETLK", None)
    if command is None:
        return True
    whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    with path.open("r+b") as file:
        try:
            fcntl.fcntl(file, command, whole)
        except OSError:
            return True
    return False
