"""The Open Inference Protocol (V2) over REST, with its binary tensor extension: tensors in, tensors out.

Bytes become a `request.Request`; `columns` makes rows of its tensors; `outputs` names what a model answers, and
`infer` writes it. What a table is in tensors is told in docs/protocols.md, why in docs/decisions/031.
"""
