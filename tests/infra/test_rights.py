"""Each identity may do what its code does, and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from automl.monitoring import tables
from automl.run import Run
from automl.storage import CONTAINERS, CONTROL, LOG, MODELS, RAW
from automl.training.progress import Outcome, Progress
from tests.functions.conftest import Client
from tests.infra.files import files, resources, text
from tests.infra.rights import assignments, granted, guard, role_of
from tests.support.models import GOLDEN_ROWS
from tests.support.thresholds import begun, told
from tests.unit.training.test_worker import Room

CONTRIBUTOR, READER = "Storage Blob Data Contributor", "Storage Blob Data Reader"


def test_serving_has_exactly_the_rights_the_design_gives_it() -> None:
    assert granted("serving") == {
        RAW: {CONTRIBUTOR},
        CONTROL: {CONTRIBUTOR},
        LOG: {CONTRIBUTOR},
        MODELS: {READER},
        "train": {"Storage Queue Data Message Sender"},
        "applicationInsights": {"Monitoring Metrics Publisher"},
    }


def test_training_works_on_every_container_and_both_queues() -> None:
    expected = {name: {CONTRIBUTOR} for name in (RAW, CONTROL, LOG, MODELS, "lake")}
    expected |= {name: {"Storage Queue Data Contributor"} for name in ("train", "train-poison")}
    assert granted("training") == expected | {"applicationInsights": {"Monitoring Metrics Publisher"}}


def test_no_identity_of_an_app_has_a_right_on_the_whole_data_account() -> None:
    for each in files()["modules/roles.bicep"].resources:
        if text(each.body.get("scope")) == "account":
            assert text(each.body.get("properties.principalId")) == "operatorPrincipalId"
            assert each.condition == "(!empty(operatorPrincipalId))"


def test_owner_is_given_on_host_storage_alone() -> None:
    owners = [file for file, role in assignments() if role == "Storage Blob Data Owner"]
    assert owners == ["modules/host-account.bicep"]


def test_no_role_lets_an_app_change_azure_itself() -> None:
    assert {role for _, role in assignments()} <= {
        "Storage Blob Data Owner",
        CONTRIBUTOR,
        READER,
        "Storage Queue Data Contributor",
        "Storage Queue Data Message Sender",
        "Storage Table Data Contributor",
        "Monitoring Metrics Publisher",
        "AcrPull",
    }


def test_containers_the_code_uses_are_made() -> None:
    assert set(CONTAINERS) <= set(files()["modules/data-account.bicep"].variables["containers"])


def test_queues_the_code_uses_are_made() -> None:
    queues = resources("Microsoft.Storage/storageAccounts/queueServices/queues")
    assert [text(each.body.get("name")) for each in queues] == ["trainQueueName", "'${trainQueueName}-poison'"]
    assert files()["modules/data-account.bicep"].variables["trainQueueName"] == "train"


def test_events_of_dropped_files_may_only_be_sent_to_the_train_queue() -> None:
    file = files()["modules/dropped-files.bicep"]
    [given] = [each for each in file.resources if each.type == "Microsoft.Authorization/roleAssignments"]
    assert role_of(given.body, file.variables) == "Storage Queue Data Message Sender"
    assert (text(given.body.get("scope")), text(given.body.get("properties.principalId"))) == (
        "queue", "topic.identity.principalId",
    )  # fmt: skip
    [subscription] = resources("Microsoft.EventGrid/systemTopics/eventSubscriptions")
    told = subscription.body.get("properties")
    assert told.get("eventDeliverySchema") == "CloudEventSchemaV1_0"
    assert told.get("destination") is None  # only with the topic's own identity
    assert told.get("deliveryWithResourceIdentity.destination.endpointType") == "StorageQueue"
    begin = told.get("filter.subjectBeginsWith")
    assert tables.model_of(f"{begin}adult/drop/may.csv") == "adult"


async def test_everything_serving_does_is_within_its_rights(adult: Client) -> None:
    adult.storage.before = guard("serving")
    scored = await adult("score", {"dataframe_records": list(GOLDEN_ROWS)})
    assert scored.json["logged"] is True
    truths = [{"id": scored.json["prediction_ids"][0], "truth": ">50K"}]
    steps = [
        await adult("truth", {"truths": truths}),
        await adult("put_model", {"target": "income"}),
        await adult("put_block", b"age,income\n1,a\n", upload="u", number="0"),
        await adult("commit_upload", {"blocks": 1, "format": "csv"}, upload="u"),
        await adult("train", {"upload": "u"}),
        await adult("list_models"),
        await adult("get_model"),
        await adult("list_versions"),
        await adult("get_version", version="v1"),
        await adult("champion"),
        await adult("list_events"),
        await adult("list_runs"),
        await adult("ask_monitor"),
        await adult("health_ready"),
    ]
    assert [step.json for step in steps if step.status >= 500] == []
    assert [step.status for step in steps if step.status >= 400] == []


@pytest.mark.parametrize(
    ("operation", "place"),
    [("put", MODELS), ("delete", MODELS), ("put", "lake"), ("get", "lake"), ("append", MODELS), ("send", "other")],
)
def test_what_serving_may_not_do_is_refused(operation: str, place: str) -> None:
    with pytest.raises(PermissionError):
        guard("serving")(operation, place, "x")


def test_serving_cannot_publish_a_version(adult: Client) -> None:
    adult.storage.before = guard("serving")
    with pytest.raises(PermissionError, match="put models/"):
        adult.core.registry.publish("adult", "v2", {"model.onnx": b"x"}, {})


def test_everything_a_run_does_is_within_trainings_rights() -> None:
    room = Room()
    room.storage.before = guard("training")

    def work(run: Run, _: Callable[[Progress], None]) -> Outcome:
        return room.publish("v1", run)

    done = room.handle(work)
    assert done is not None
    assert done.status == "registered"


def test_everything_a_monitor_pass_does_is_within_trainings_rights() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    replay.storage.before = guard("training")
    assert replay.watch().failure is None
