"""How the data account is reached: by a connection string, or by the identity of the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from automl.settings import Settings

_TOKEN_SCOPE = "https://storage.azure.com/.default"  # noqa: S105  (a scope, no secret)
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account key, published by Microsoft and the same everywhere."""
_PATIENCE = {"max_retries": "3", "retry_timeout": "30s", "connect_timeout": "5s", "timeout": "60s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Where an account's Delta tables are, and what delta-rs needs to open them.

    Parameters
    ----------
    root
        URI below which every table has its folder.
    options
        Storage options of delta-rs, secrets included.
    emulator
        Address of Azurite, when the account is one.
    """

    root: str
    options: Mapping[str, str]
    emulator: str | None = None


def connection_string(settings: Settings) -> str:
    """The connection string with `UseDevelopmentStorage=true` spelt out, which the Python SDK does not know."""
    if "UseDevelopmentStorage=true" not in settings.storage:
        return settings.storage
    services = {"Blob": 10000, "Queue": 10001, "Table": 10002}
    ends = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/devstoreaccount1;" for name, port in services.items())
    return f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_AZURITE_KEY};{ends}"


def credential(settings: Settings) -> Any:
    """The process's own identity, for the Azure SDK."""
    from azure.identity import DefaultAzureCredential

    client_id = settings.storage_client_id or None
    return DefaultAzureCredential(managed_identity_client_id=client_id)


def tables(settings: Settings, container: str) -> Tables:
    """The Delta tables of a container of the data account.

    With an identity the options hold a token that lasts about an hour, far longer than a monitor pass may take, so
    ask anew for every pass.
    """
    root = f"az://{container}"
    if not settings.storage:
        endpoint = settings.storage_blob_uri.rstrip("/")
        name = str(urlsplit(endpoint).hostname).partition(".")[0]
        token = credential(settings).get_token(_TOKEN_SCOPE).token
        return Tables(root=root, options={**_PATIENCE, **_named(name, endpoint), "azure_storage_token": token})
    parts = dict(part.split("=", 1) for part in connection_string(settings).split(";") if part)
    name, key, sas = (parts.get(field, "") for field in ("AccountName", "AccountKey", "SharedAccessSignature"))
    endpoint = parts.get("BlobEndpoint", "").rstrip("/")
    secret = {"azure_storage_account_key": key} if key else {"azure_storage_sas_key": sas}
    if endpoint.startswith("http://") and endpoint.endswith(f"/{name}"):  # the path names the account: an emulator
        options = {**_PATIENCE, "azure_storage_account_name": name, **secret, "use_emulator": "true"}
        return Tables(root=root, options=options, emulator=endpoint.removesuffix(f"/{name}"))
    name = name or str(urlsplit(endpoint).hostname).partition(".")[0]
    suffix = parts.get("EndpointSuffix", "core.windows.net")
    endpoint = endpoint or f"https://{name}.blob.{suffix}"
    return Tables(root=root, options={**_PATIENCE, **_named(name, endpoint), **secret})


def _named(name: str, endpoint: str) -> dict[str, str]:
    return {"azure_storage_account_name": name, "azure_storage_endpoint": endpoint}
