"""A lease on a blob: how many hosts agree on the one that holds a timer."""

from __future__ import annotations

import logging

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobLeaseClient, ContainerClient

_LOST = (404, 409, 412)
"""Answers to a renewal that mean the lease is not ours any more; anything else may be better next time."""

log = logging.getLogger(__name__)


class BlobLease:
    """A lock that ends by itself when its holder dies. Its methods block (they call storage).

    Parameters
    ----------
    container
        Where the blobs of locks live; created when missing.
    name
        Name of the blob that stands for the lock.
    seconds
        How long the lease outlives its last renewal: 15 to 60, the range Azure allows.
    """

    def __init__(self, container: ContainerClient, name: str, *, seconds: int) -> None:
        self._container = container
        self._blob: BlobClient = container.get_blob_client(name)
        self._seconds = seconds
        self._lease: BlobLeaseClient | None = None

    def hold(self) -> bool:
        """Take the lease, or renew it; False when somebody else has it."""
        if self._lease is not None:
            try:
                self._lease.renew()
            except HttpResponseError as error:
                if error.status_code not in _LOST:
                    raise
                self._lease = None
            else:
                return True
        try:
            self._lease = self._acquire()
        except HttpResponseError as error:
            if error.status_code == 409:
                return False
            raise
        return True

    def release(self) -> None:
        """Let the next host have it at once."""
        if self._lease is None:
            return
        lease, self._lease = self._lease, None
        try:
            lease.release()
        except HttpResponseError as error:
            log.debug("The lease was gone before its release: %s", error)

    def _acquire(self) -> BlobLeaseClient:
        try:
            return self._blob.acquire_lease(lease_duration=self._seconds)
        except ResourceNotFoundError:
            create_container(self._container)
            try:
                self._blob.upload_blob(b"", overwrite=False)
            except ResourceExistsError:
                log.debug("Another host made the blob of the lock first.")
            return self._blob.acquire_lease(lease_duration=self._seconds)


def create_container(container: ContainerClient) -> None:
    """Create a container if it is not there yet."""
    try:
        container.create_container()
    except ResourceExistsError:
        log.debug("The container %s exists.", container.container_name)
