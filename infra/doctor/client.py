"""The requests of the checks, made for real: as whoever is signed in to azd or az."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from infra.doctor.finding import Denied

MANAGEMENT = "https://management.azure.com"
STORAGE_VERSION = "2023-11-03"


class LiveAzure:
    """Implements `infra.doctor.finding.Azure` over HTTPS."""

    def __init__(self) -> None:
        from azure.identity import DefaultAzureCredential

        self._credential = DefaultAzureCredential(exclude_managed_identity_credential=True)
        self._http = httpx.Client(timeout=30, follow_redirects=False)

    def manage(self, method: str, path: str, api: str, body: Any = None) -> Any:
        joined = "&" if "?" in path else "?"
        url = f"{MANAGEMENT}{path}{joined}api-version={api}"
        return self._send(method, url, MANAGEMENT, json=body).json()

    def blobs(self, account: str, container: str) -> list[str]:
        url = f"https://{account}.blob.core.windows.net/{container}?restype=container&comp=list&maxresults=5"
        return re.findall(r"<Name>([^<]*)</Name>", self._storage("GET", url).text)

    def messages(self, account: str, queue: str) -> int:
        url = f"https://{account}.queue.core.windows.net/{queue}?comp=metadata"
        return int(self._storage("HEAD", url).headers.get("x-ms-approximate-messages-count", "0"))

    def ask(self, url: str) -> Any:
        try:
            return self._http.get(url).json()
        except (httpx.HTTPError, ValueError) as error:
            raise Denied(0, f"{url}: {error}") from error

    def version(self, tool: str) -> str:
        found = shutil.which(tool)
        if found is None:
            return ""
        done = subprocess.run(  # noqa: S603 - a tool from the PATH, asked for its version
            [found, "version"], capture_output=True, text=True, check=False, timeout=60
        )
        match = re.search(r"\d+\.\d+(\.\d+)?", done.stdout)
        return match[0] if match else ""

    def clocks(self) -> tuple[datetime, datetime]:
        try:
            answer = self._http.head(MANAGEMENT)
        except httpx.HTTPError as error:
            raise Denied(0, f"{MANAGEMENT} does not answer: {error}") from error
        return datetime.now(UTC), parsedate_to_datetime(answer.headers["date"])

    def _storage(self, method: str, url: str) -> httpx.Response:
        return self._send(method, url, "https://storage.azure.com", headers={"x-ms-version": STORAGE_VERSION})

    def _send(self, method: str, url: str, audience: str, **options: Any) -> httpx.Response:
        from azure.core.exceptions import ClientAuthenticationError

        try:
            token = self._credential.get_token(f"{audience}/.default").token
        except ClientAuthenticationError as error:
            raise Denied(401, "Nobody is signed in. Run `az login`, or `azd auth login`.") from error
        headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
        try:
            answer = self._http.request(method, url, headers=headers, **options)
        except httpx.HTTPError as error:
            raise Denied(0, f"{url.partition('?')[0]} does not answer: {error}") from error
        if answer.is_error:
            raise Denied(answer.status_code, _sentence(answer))
        return answer


def _sentence(answer: httpx.Response) -> str:
    """What Azure said was wrong."""
    where = str(answer.request.url).partition("?")[0]
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.reason_phrase
    return f"{where} answered {answer.status_code}: {said}"
