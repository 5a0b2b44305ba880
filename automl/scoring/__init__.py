"""From a request to an answer: the champion held in memory, rows to tensors, one onnxruntime call."""
