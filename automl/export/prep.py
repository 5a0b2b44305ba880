"""The preparation of rows, fitted once and kept only as ONNX: what trains a model is what scores with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import ModelProto, ValueInfoProto

from automl.export import runtime
from automl.export.dates import PARTS, emit_parts
from automl.export.graph import Graph, declare
from automl.export.scaling import Scaling
from automl.export.texts import Vocabulary
from automl.signature import Signature
from automl.tensors import Tensors

MATRIX = "matrix"
"""Name of the float32 [N, F] tensor between prep and model, in the prep graph and in the whole one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prep:
    """Raw tensors to the float32 matrix that estimators see.

    Numbers are imputed by their median, centred, scaled and clipped, with a flag where training had missing values.
    Datetimes add the calendar parts that vary in training. Categories become rank, frequency and flags.
    The matrix never holds NaN or infinity.

    Parameters
    ----------
    columns
        Names of the matrix columns, such as "age", "age is missing", "ts weekday", "workclass rank".
    model
        The ONNX graph: `num` double [N, C] and `cat` string [N, K] (each only if it has columns) to `matrix`.
    scaling
        How the first C matrix columns follow from the C columns of `num`.
    """

    columns: list[str]
    model: ModelProto
    scaling: Scaling
    _session: onnxruntime.InferenceSession

    @classmethod
    def fit(cls, signature: Signature, tensors: Tensors) -> Prep:
        """Fit on training rows alone.

        Raises
        ------
        ValueError
            When the tensors do not have the signature's columns, or there are none.
        """
        names = [feature.name for feature in signature.numbers]
        texts = [feature.name for feature in signature.categories]
        if (tensors.num.shape[1], tensors.cat.shape[1]) != (len(names), len(texts)) or not (names or texts):
            raise ValueError(
                f"Expected {len(names)} numeric and {len(texts)} text columns (at least one in all), got tensors of "
                f"shapes {tensors.num.shape} and {tensors.cat.shape}. Parse the rows with this signature."
            )
        graph = Graph("prep")
        columns, blocks = list[str](), list[str]()
        scaling = Scaling.fit(tensors.num)
        if names:
            dates = [column for column, feature in enumerate(signature.numbers) if feature.type == "datetime"]
            columns, blocks = _emit_numbers(graph, names, dates, tensors.num, scaling)
        if texts:
            vocabulary = Vocabulary.fit(texts, tensors.cat)
            columns += vocabulary.columns
            blocks += vocabulary.emit(graph, "cat")
        graph.op("Concat", *blocks, output=MATRIX, axis=1)
        model = graph.model(_inputs(len(names), len(texts)), [declare(MATRIX, np.float32, len(columns))])
        session = runtime.session(model.SerializeToString())
        return cls(columns=columns, model=model, scaling=scaling, _session=session)

    def transform(self, tensors: Tensors) -> npt.NDArray[np.float32]:
        """The matrix [N, F] of these rows, made by the same graph that scores."""
        return runtime.run(self._session, feeds(tensors))[MATRIX]


def feeds(tensors: Tensors) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.object_]]:
    """The rows as inputs of a graph."""
    return {"num": tensors.num, "cat": tensors.cat}


def _inputs(numbers: int, texts: int) -> list[ValueInfoProto]:
    return [declare("num", np.float64, numbers)] * bool(numbers) + [declare("cat", str, texts)] * bool(texts)


def _emit_numbers(
    graph: Graph, names: list[str], dates: list[int], num: npt.NDArray[np.float64], scaling: Scaling
) -> tuple[list[str], list[str]]:
    """Emit everything that comes from `num`; names of its columns and of the tensors that hold them."""
    missing = graph.op("IsNaN", "num")
    known = graph.op("Where", missing, graph.constant(scaling.center), "num")
    columns = list(names)
    blocks = [scaling.emit(graph, known)]
    for column in dates:
        varying = _varying_parts(num[:, [column]], scaling.center[column])
        if not varying:
            continue
        epoch = graph.op("Gather", known, graph.constant(np.array([column])), axis=1)
        parts = emit_parts(graph, epoch, varying)
        values = graph.cast(graph.op("Concat", *(parts[part] for part in varying), axis=1), np.float64)
        blocks.append(Scaling.fit(np.column_stack(list(varying.values()))).emit(graph, values))
        columns += [f"{names[column]} {part}" for part in varying]
    absent = np.isnan(num)
    flags = np.flatnonzero(absent.any(axis=0) & ~absent.all(axis=0))
    if len(flags):
        picked = graph.op("Gather", missing, graph.constant(flags.astype(np.int64)), axis=1)
        blocks.append(graph.cast(picked, np.float32))
        columns += [f"{names[column]} is missing" for column in flags]
    return columns, blocks


def _varying_parts(epoch: npt.NDArray[np.float64], fill: float) -> dict[str, npt.NDArray[np.float64]]:
    """Calendar parts that vary in training, computed by the nodes that will compute them later."""
    graph = Graph("parts")
    for part, tensor in emit_parts(graph, "num").items():
        graph.cast(tensor, np.float64, output=part)
    model = graph.model([declare("num", np.float64, 1)], [declare(part, np.float64, 1) for part in PARTS])
    known = np.where(np.isnan(epoch), fill, epoch)
    values = runtime.run(runtime.session(model.SerializeToString()), {"num": known})
    return {part: values[part][:, 0] for part in PARTS if len(values[part]) and np.ptp(values[part]) > 0}
