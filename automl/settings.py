"""The settings of one process, read from environment variables, each documented beneath itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from automl import setting_texts
from automl.errors import InvalidInput, Problem

Role = Literal["serve", "train", "all"]
LogMode = Literal["durable", "async", "off"]
LakeMode = Literal["on", "off"]
Handshake = Literal["required", "off"]
Url = str
Secret = str
Share = float
"""Above 0, at most 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator may set. `EVERGREEN_` and the upper-case name make the environment variable."""

    storage: str = "UseDevelopmentStorage=true"
    """Connection string of the data account. Left empty, `EVERGREEN_STORAGE__blobServiceUri` and
    `EVERGREEN_STORAGE__queueServiceUri` are used with the app's identity (`EVERGREEN_STORAGE__clientId`)."""

    storage_blob_uri: str = ""
    """Blob endpoint used with an identity; set as `EVERGREEN_STORAGE__blobServiceUri`."""

    storage_queue_uri: str = ""
    """Queue endpoint used with an identity; set as `EVERGREEN_STORAGE__queueServiceUri`."""

    storage_client_id: str = ""
    """Client id of a user-assigned identity; set as `EVERGREEN_STORAGE__clientId`."""

    role: Role = "all"
    """What this process does: `serve` (HTTP), `train` (queue and timer) or `all` (both, for one laptop)."""

    train_queue: str = "train"
    """Name of the queue that carries train requests."""

    default_model: str = ""
    """Model that routes without a model name speak of. Empty: the only model there is."""

    log: LogMode = "durable"
    """`durable` answers after the prediction is in storage, `async` may lose `log_flush_ms` when killed,
    `off` writes nothing (and the loop cannot close)."""

    log_flush_ms: int = 1000
    """How long an `async` log gathers records before it writes them, in milliseconds."""

    log_sample: Share = 1.0
    """Share of the scoring requests whose predictions are logged, from above 0 to 1. The others are answered with
    `logged: false`; truth for them finds no prediction."""

    log_queue_bytes: int = 64 * 2**20
    """How many bytes of records may wait for the log; beyond it a score is answered with `logged: false`."""

    lake: LakeMode = "on"
    """`on` moves what was logged into the lake's Delta tables after each monitor pass, and keeps there what runs
    train on; `off` leaves it in the log, from which nothing is removed then, and versions cannot be reproduced."""

    log_keep_days: int = 30
    """How many days stay in the log after they were moved into the lake; older ones are removed from it, and read
    from the lake."""

    champion_refresh_s: float = 5.0
    """How long an instance may serve a champion before it looks whether another one was promoted, in seconds; twelve
    times that for a model that was not asked for meanwhile."""

    model_cache_bytes: int = 768 * 2**20
    """What the models in memory may take together, in bytes; the one not used for longest makes room. Each counts
    with 6 times its file and 0.5 MiB: what one full of texts takes, twice what trees take. The process and its
    requests come on top: leave them more than half of the instance."""

    max_model_bytes: int = 256 * 2**20
    """Largest file of a model version that is loaded to answer, in bytes; a larger one is refused unread."""

    max_body_bytes: int = 16 * 2**20
    """Largest accepted request body, in bytes, compressed or not, and the most it may grow to when it is unpacked;
    uploads in blocks have their own limit."""

    max_block_bytes: int = 32 * 2**20
    """Largest accepted block of an upload, in bytes."""

    max_rows: int = 10_000
    """Most rows in one scoring request; more are answered with 413."""

    max_columns: int = 4096
    """Most columns in a row of a scoring request, or twice as many as the model has where that is more; more are
    answered with 413."""

    max_text_chars: int = 65_536
    """Longest text in a cell of a scoring request, in characters; a longer one is answered with 400."""

    run_stale_s: float = 60.0
    """A run that has not moved for so many seconds is taken to have crashed and is tried again."""

    run_attempts: int = 3
    """How often a crashed run is tried in all before it is recorded as failed."""

    train_timeout_s: float = 1500.0
    """Longest a training child process may run, in seconds; keep it under host.json's functionTimeout."""

    webhook_url: Url = field(default="", repr=False)
    """Where events are sent as CloudEvents, http or https; empty: nowhere. See [alerts](alerts.md)."""

    webhook_secret: Secret = field(default="", repr=False)
    """Key that signs what is sent, at least 24 bytes in base64, with or without `whsec_`; empty: no signature."""

    webhook_origin: str = ""
    """Who sends, as a DNS name; empty: the app's own host name in Azure (`WEBSITE_HOSTNAME`), else `localhost`."""

    webhook_handshake: Handshake = "required"
    """`required` asks the receiver by OPTIONS first, as CloudEvents has it; `off` is for one that cannot answer."""

    webhook_timeout_s: float = 5.0
    """Longest that the receiver may take to answer, in seconds."""

    webhook_tick_s: float = 15.0
    """How long after its passes a tick of the monitor goes on to begin deliveries, in seconds."""

    webhook_give_up_h: float = 24.0
    """How long an event is tried from its first attempt on before it is given up, in hours."""

    instance: str = ""
    """Name of this instance in log blobs; empty: made at start. Two live processes must never share one."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from a mapping such as `os.environ`.

        Raises
        ------
        InvalidInput
            With one problem for every value that cannot be used.

        >>> Settings.from_env({"EVERGREEN_MAX_ROWS": "50"}).max_rows
        50
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for item in fields(cls):
            key = variable(item.name)
            text = environ.get(key)
            if text is None:
                continue
            try:
                values[item.name] = _PARSERS[str(item.type)](text.strip())
            except ValueError as error:
                got = repr(text) if item.repr else "another text"  # what holds a key is not shown
                problems.append(
                    Problem(field=key, expected=str(error), got=got, remedy="Change or remove the variable.")
                )
        if problems:
            raise InvalidInput.of(problems)
        if values.get("storage_blob_uri") and "storage" not in values:
            values["storage"] = ""
        if not values.get("webhook_origin"):
            values["webhook_origin"] = environ.get("WEBSITE_HOSTNAME", "")
        return cls(**values)


_IDENTITY_VARIABLES = {
    "storage_blob_uri": "EVERGREEN_STORAGE__blobServiceUri",
    "storage_queue_uri": "EVERGREEN_STORAGE__queueServiceUri",
    "storage_client_id": "EVERGREEN_STORAGE__clientId",
}


def variable(field: str) -> str:
    """The environment variable of a settings field.

    >>> variable("max_rows")
    'EVERGREEN_MAX_ROWS'
    """
    return _IDENTITY_VARIABLES.get(field, f"EVERGREEN_{field.upper()}")


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": setting_texts.positive_int,
    "float": setting_texts.positive_float,
    "Share": setting_texts.share,
    "Role": setting_texts.one_of(get_args(Role)),
    "LogMode": setting_texts.one_of(get_args(LogMode)),
    "Handshake": setting_texts.one_of(get_args(Handshake)),
    "Url": setting_texts.url,
    "Secret": setting_texts.secret,
    "LakeMode": setting_texts.one_of(get_args(LakeMode)),
}
