"""Prep as ONNX, one module per model family, and the parity gate."""
