"""onnxruntime sessions for serving: bounded in what they allocate, small in what they keep.

Measured with onnxruntime 1.31, in MiB of resident memory for each MiB of ONNX, of tree ensembles of 0.3 to 4 MiB:

- 6.8 with the bytes that `InferenceSession(bytes)` keeps and an arena of its own for each session,
- 4.9 without both: the parsed file stays in memory beside the trees that were built of it,
- 2.9 once the model was written in onnxruntime's own format and opened again, since that parses into nothing that
  stays. It makes loading half as long again, and answers are the same to the last bit. A model of 75,000 texts in
  2 MiB takes 5.9, since a text is short in the file.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

import onnxruntime

from automl.scoring.guard import Unfit

ARENA_BYTES = 1 << 30
"""What all sessions together may allocate for the tensors of requests under way: half of the smallest instance. A
93-byte model can ask for more than any machine has; here it fails on its golden rows. Tensors of text count with 32
bytes an element."""

SLIM_BYTES = 64 << 20
"""A larger file is opened as it is: its copy would need more room in the temporary folder than an instance has."""

_M_ARENA_MAX = -8
"""Of glibc's malloc.h."""

_FILE = "model.ort"
_registering = threading.Lock()


def few_heaps() -> None:
    """Have the threads of this process share two heaps, where its C library is glibc. To be called before they start.

    glibc makes a heap for each thread, and loading leaves holes in each: 3.7 MiB for a model that takes 2.8.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Give the system back what was freed, where the C library is glibc: after loading, megabytes that were read."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def session(onnx: bytes) -> onnxruntime.InferenceSession:
    """A session of a model that the guard has let in.

    Raises
    ------
    Unfit
        When onnxruntime refuses it.
    """
    with _registering:
        _share_arena()
    # A graph may name files that hold its tensors, by default below the working directory. Here it finds none.
    with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
        slim = Path(folder, _FILE)
        if len(onnx) <= SLIM_BYTES and _write(onnx, slim):
            return _open(str(slim), _options(folder))
        return _open(onnx, _options(folder))


def memory_bytes(size: int) -> int:
    """What a session of an ONNX file of `size` bytes takes at most, by estimate: 6 times that, and 0.5 MiB."""
    return (1 << 19) + 6 * size


def _write(onnx: bytes, slim: Path) -> bool:
    """Write the model in onnxruntime's format; False when that fails, and opening it as it is will say why."""
    options = _options(str(slim.parent))
    options.optimized_model_filepath = str(slim)
    options.add_session_config_entry("session.save_model_format", "ORT")
    try:
        _open(onnx, options)
    except Unfit:
        return False
    return True


def _open(model: bytes | str, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(
            model,
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # it would try again with the same provider, and print what failed
            # What a constant part of the graph allocates while it is folded is bounded by nothing: 2.7 GB for a file
            # of 2 kB. Exported graphs have no such part.
            disabled_optimizers=["ConstantFolding"],
        )
    except Exception as error:  # onnxruntime's errors share no class of their own
        raise Unfit(f"onnxruntime refuses the model: {first_line(error)}") from error


def _options(folder: str) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # One thread a request: requests run beside each other, and one row has nothing to share out.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = True
    options.log_severity_level = 4  # what fails is raised
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    return options


@cache
def _share_arena() -> None:
    """Give all sessions of this process one arena, of bounded size."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    as_requested = 1  # the other strategy doubles the arena each time it grows
    config = onnxruntime.OrtArenaCfg({"max_mem": ARENA_BYTES, "arena_extend_strategy": as_requested})
    onnxruntime.create_and_register_allocator(memory, config)


def first_line(error: Exception) -> str:
    """The first line of what onnxruntime says."""
    return next(iter(str(error).splitlines()), type(error).__name__)
