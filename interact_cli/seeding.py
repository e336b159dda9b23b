"""Counter-based randomness: every draw is keyed by what it is for, never by when it happens.

A generator is a Philox stream whose 128-bit key is the digest of ``(seed, purpose, *parts)``. Order of
work, batch size, device, number of workers and the model therefore never change what is drawn.

Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3" (Philox).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import islice

import numpy as np


def generator(seed: int, purpose: str, *parts: str | int) -> np.random.Generator:
    """Return the one generator for a purpose.

    One generator serves one block, for example all contexts of one sample at one order, and is advanced
    by its own counter; draws of different blocks never overlap, because their keys differ.

    Args:
        seed: The plan seed.
        purpose: What the draws are for, for example ``"contexts"``.
        *parts: What they belong to, for example the sample id and the order.

    Returns:
        A generator in its initial state.

    Example:
        >>> a = generator(0, "contexts", "digits/test/3", 7).integers(0, 100, 3)
        >>> b = generator(0, "contexts", "digits/test/3", 7).integers(0, 100, 3)
        >>> bool((a == b).all())
        True
    """
    text = json.dumps([int(seed), purpose, *parts], ensure_ascii=True, separators=(",", ":"))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def digest(*parts: bytes | str) -> str:
    """Return the SHA-256 of length-prefixed parts, as hexadecimal text.

    Example:
        >>> digest("a", "bc") == digest("ab", "c")
        False
    """
    sha = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        sha.update(len(raw).to_bytes(8, "little"))
        sha.update(raw)
    return sha.hexdigest()


def digest_each(parts: Iterable[str]) -> str:
    """Return ``digest(*parts)`` of very many parts, of which only some are held at a time.

    Example:
        >>> digest_each(str(number) for number in range(3)) == digest("0", "1", "2")
        True
    """
    sha = hashlib.sha256()
    rest = iter(parts)
    while some := [part.encode() for part in islice(rest, 4096)]:
        sha.update(b"".join([len(raw).to_bytes(8, "little") + raw for raw in some]))
    return sha.hexdigest()
