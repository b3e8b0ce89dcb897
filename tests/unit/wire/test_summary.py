"""What the first lines of the models say, against the models themselves."""

import pytest
from atoll.wire.model import load
from atoll.wire.models import model_file, model_names
from atoll.wire.router import Router
from atoll.wire.summary import outline, sketch, summaries, summary, unheard_of

SERVICES = ["cloudwatch", "dynamodb", "ec2", "elbv2", "events", "kms", "lambda", "s3", "s3control", "sts"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_summary_is_the_model_s(name: str) -> None:
    found, model = summary(name), load(name)
    assert found is not None
    assert found.name == name
    assert found[2:] == (model.target_prefix, model.signing_name, model.endpoint_prefix, model.api_version)
    assert set(model.protocols) <= set(found.protocols)
    outlined = outline(name)
    assert (outlined.service_id, outlined.xml_namespace) == (model.service_id, model.xml_namespace)
    assert outlined.operations == {}
    assert outlined.bare_errors == (name == "s3")


def test_a_service_that_spoke_query_is_known_to() -> None:
    sqs = summary("sqs")
    assert sqs is not None
    assert sqs.speaks("query")


def test_every_model_has_one() -> None:
    assert [each.name for each in summaries()] == [name for name in model_names() if model_file(name) is not None]
    assert all(each.protocols for each in summaries())


@pytest.mark.parametrize("name", ["nothing", "", "..", "../data/sqs", "SQS", "a" * 300, "\x00"])
def test_there_is_none_of_what_is_no_service(name: str) -> None:
    assert summary(name) is None
    assert model_file(name) is None
    with pytest.raises(KeyError):
        load(name)


@pytest.mark.parametrize("name", ["lambda", "s3", "apigateway"])
def test_a_sketch_has_the_model_s_routes(name: str) -> None:
    whole, sketched = Router(load(name)), Router(sketch(name))
    for operation in load(name).operations.values():
        path = operation.uri.replace("{", "").replace("}", "").replace("+", "")
        query = "&".join(key if value is None else f"{key}={value}" for key, value in operation.uri_query)
        found, again = (router.match(operation.method, path, query) for router in (whole, sketched))
        assert found is not None
        assert again is not None
        assert (found[0].name, found[1]) == (again[0].name, again[1])


def test_what_botocore_has_not_is_outlined_too() -> None:
    service = unheard_of("newest", "rest-json")
    assert (service.name, service.protocols, service.operations) == ("newest", ("rest-json",), {})
