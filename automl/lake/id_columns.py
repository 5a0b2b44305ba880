"""Prediction ids as numbers: the 16 bytes of each, in two columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def halves(column: Any) -> npt.NDArray[np.uint64]:
    """The first and the last 8 bytes of some ids as numbers [N, 2]; zeros for null.

    The first have the milliseconds of the id in their upper 48 bits (`made_at`), the last are random.

    Parameters
    ----------
    column
        `pyarrow` array or chunked array of strings.

    Raises
    ------
    ValueError
        A text is no id.

    >>> import pyarrow as pa
    >>> halves(pa.array(["019aa000-0000-7000-8000-0000000000ff", None])).tolist()
    [[115580662311841792, 9223372036854776063], [0, 0]]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    given = pa.concat_arrays([pa.array([], pa.string()), *parts])
    texts = given.drop_null() if given.null_count else given
    odd = pc.not_equal(pc.binary_length(texts), 36)
    if pc.any(odd).as_py():
        raise ValueError(f"Expected prediction ids of 36 characters, got {texts.filter(odd)[0].as_py()!r}.")
    start = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset] if len(texts) else 0
    text = str(memoryview(texts.buffers()[2] or b"")[start : start + 36 * len(texts)], "ascii")
    numbers = np.frombuffer(bytes.fromhex(text.replace("-", "")), ">u8").astype(np.uint64).reshape(-1, 2)
    if not given.null_count:
        return numbers
    found = np.zeros((len(given), 2), dtype=np.uint64)
    found[given.is_valid().to_numpy(zero_copy_only=False)] = numbers
    return found


def made_at(first: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The milliseconds that ids carry [N], out of their first 8 bytes."""
    return (first >> np.uint64(16)).astype(np.int64)
