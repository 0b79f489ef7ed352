"""Schemathesis over the document: whatever the description allows, and much that it does not, is no server error."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok

from streams.collectors.edge import CollectorSettings
from streams.collectors.keys import KeyKind
from streams.collectors.limits import Rate
from streams.collectors.producer import ProducerSettings
from tests.collectors.conftest import NOW, Broker, Door
from tests.collectors.test_http import ask

pytestmark = [
    pytest.mark.stack,
    # the collector lives in a thread of this process, and its clients of Kafka draw their own numbers meanwhile
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]
EXAMPLES = 6
"""Of each operation, and as many again that break its description."""

Operation = schemathesis.APIOperation[Any, Any, Any, Any]
MANY = Rate(per_second=1e6, burst=1e6)


@pytest.fixture(scope="module")
def known_door(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector with a log, which never tires of requests."""
    settings = CollectorSettings(
        home=tmp_path_factory.mktemp("openapi"),
        port=0,
        producer=ProducerSettings(brokers=broker.settings.bootstrap),
        requests_a_network=MANY,
        refused_keys_a_network=MANY,
        events_a_server_key=MANY,
    )
    running = Door(settings, clock=lambda: NOW)
    yield running
    running.stop()


def credentials(door: Door) -> dict[str, str]:
    """What a page of the owner's sends along, and a server key."""
    origin = f"http://127.0.0.1:{door.port}"
    own = {"Origin": origin, "X-Headwater": "1", "Content-Type": "application/json"}
    key = door.ring.create(KeyKind.PERSON, now=NOW, sites=["clinic"], role="owner")[1]
    status, headers, _ = ask(door, "POST", "/sign-in/api/in", json.dumps({"key": key}).encode(), own)
    assert status == 200
    return {"Cookie": headers["Set-Cookie"].partition(";")[0], "Origin": origin, "X-Headwater": "1"}


def statuses_of(
    door: Door,
    operation: Operation,
    mode: schemathesis.GenerationMode,
    headers: dict[str, str],
) -> set[int]:
    """An operation -> the statuses of requests that keep to its description, or break it; fails on a server error."""
    seen = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ends_well(case: schemathesis.Case[Operation]) -> None:
        try:
            prepared: Any = requests.Request(
                **case.as_transport_kwargs(base_url="http://127.0.0.1")
            ).prepare()
            given_headers = {**prepared.headers, **headers}
            body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
            status, _, told = ask(door, case.method, prepared.path_url, body, given_headers)
        except (ValueError, http.client.InvalidURL):
            return  # a header or an address that no client can send
        seen.add(status)
        assert status < 500, (case.method, case.formatted_path, case.body, told[:300])

    with contextlib.suppress(Unsatisfiable):  # what has no parameters cannot be broken
        ends_well()
    return seen


@pytest.mark.deep
def test_nothing_that_the_document_describes_ends_in_a_server_error(known_door: Door) -> None:
    document = json.loads(ask(known_door, "GET", "/openapi.json")[2])
    pages, server = credentials(known_door), {"Authorization": f"Bearer {known_door.key()}"}
    statuses: dict[str, set[int]] = {}
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(result, Ok), "an operation of the document cannot be read"
        operation = result.ok()
        headers = server if operation.path.startswith("/v1/") else pages
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            seen = statuses_of(known_door, operation, mode, headers)
            statuses.setdefault(operation.label, set()).update(seen)
    said = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in said.values():  # a few draws need not meet a body that fits in everything
        status, _, told = ask(
            known_door,
            "POST",
            "/v1/events",
            json.dumps({**example["value"], "occurred_at": NOW.isoformat()}).encode(),
            {**server, "Content-Type": "application/json"},
        )
        assert status == 202, told
    assert all(statuses.values()), statuses
    assert known_door.collector.edge.log_is_up
