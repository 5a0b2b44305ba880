"""The API as one OpenAPI 3.1 document, made of what the app registers and what each handler says of itself.

A route is described where it is registered (`described`). Paths, parameters, statuses and security follow from that,
from the registration (`registered`) and from the one table of errors. Names of schemas are looked up in `components`;
those of one model come from its signature (`signature_schemas`).
"""
