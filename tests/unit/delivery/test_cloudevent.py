"""What is sent is what CloudEvents and Standard Webhooks say."""

from __future__ import annotations

from datetime import UTC, datetime

from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat

from automl.delivery import cloudevent
from automl.events import Event, iso
from tests.support.receiver import Receiver
from tests.unit.delivery.conftest import Sender

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  (published with the specification's example)


def test_delivery_is_a_cloudevent_to_the_official_package(sender: Sender, receiver: Receiver) -> None:
    written = sender.event("alarm", evidence={"n": 400, "loss": 0.25})
    sender.tick()
    [(headers, body)] = receiver.posts
    read = from_structured(HTTPMessage(headers={"content-type": headers["content-type"]}, body=body), JSONFormat())
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert read.get_specversion() == "1.0"
    assert (read.get_id(), read.get_source()) == (written.id, "https://evergreen.example.com")
    assert (read.get_type(), read.get_subject()) == ("evergreen.alarm", "adult")
    assert (read.get_datacontenttype(), read.get_dataschema()) == ("application/json", "urn:evergreen:event:1")
    assert read.get_extension("sequence") == "00000001"
    moment = read.get_time()
    assert moment is not None
    assert iso(moment) == iso(written.at)
    data = read.get_data()
    assert isinstance(data, dict)
    assert Event.from_json(data) == written


def test_signature_is_that_of_the_specifications_own_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = cloudevent.signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_delivery_is_signed_over_what_is_sent_and_repeats_keep_their_id(sender: Sender, receiver: Receiver) -> None:
    sender.with_settings(webhook_secret=SECRET)
    written = sender.event()
    sender.tick()
    [(headers, body)] = receiver.posts
    assert headers["webhook-id"] == written.id
    expected = cloudevent.signed(SECRET, written.id, sender.clock(), body)
    assert headers["webhook-signature"] == expected["webhook-signature"]
    assert headers["origin"] == headers["webhook-request-origin"] == "evergreen.example.com"


def test_delivery_without_a_secret_carries_no_signature(sender: Sender, receiver: Receiver) -> None:
    sender.event()
    sender.tick()
    assert "webhook-signature" not in receiver.posts[0][0]
