"""Evergreen: serverless AutoML that keeps its own models fresh.

The loop, as a map of this package. Data moves one way round; nothing calls backwards.

1. `training` reads a table (`training.dataset`), infers its `signature`, searches with FLAML and hands the winner to
2. `export`, which emits prep and model as one ONNX graph and refuses it unless it answers as the model itself does;
3. `registry` keeps the immutable versions and the champion pointer, `runs` the records of training;
4. `scoring` answers requests with the champion and writes every prediction to the `log`;
5. `truth` takes in what really happened;
6. `monitoring` joins the two, decides whether the champion has become worse, asks for a new run through the queue,
   and judges the challenger that comes of it with `evaluation`;
7. `delivery` tells a webhook what happened.

Layers are listed in `pyproject.toml` and checked by `make check`; `bootstrap` wires them together.
"""

__version__ = "0.1.0"
