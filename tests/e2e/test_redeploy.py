"""Sizes come and go with a line in sizes.yml and a deploy; messages are never dropped with them."""

import re

import pytest
import requests

from lib.errors import ConfigError
from local.client import aws
from local.stack import LocalStack, Stack
from tests.e2e.test_pipeline import PHOTO, arrived, dead_letters, eventually, uploaded
from tests.pictures import decoded
from tests.service import Service


def test_a_size_added_and_removed(local: LocalStack, stack: Stack, service: Service) -> None:
    sizes = service.folder / "sizes.yml"
    before = sizes.read_text()
    sizes.write_text(before + "  - 120x120\n")
    with_it = local.up(tell=print)
    assert with_it.sizes == [*stack.sizes, "120x120"]
    ticket = uploaded(with_it, PHOTO)
    url = ticket["variants"]["120x120"]
    assert decoded(arrived(url).data).size == (120, 120)

    sqs = aws(stack, "sqs")
    queue = sqs.get_queue_url(QueueName="image-fanout-local-120x120")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="no event")
    eventually(lambda: dead_letters(sqs, "120x120"), "a dead letter of the new size")
    sizes.write_text(before)
    with pytest.raises(ConfigError, match=r"image-fanout-local-120x120-dlq: 1 messages"):
        local.up(tell=print)
    assert dead_letters(sqs, "120x120")

    local.deploy("--param=abandon_messages=true")
    assert local.up(tell=print).sizes == stack.sizes
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="image-fanout-local-120x120-dlq")
    functions = aws(stack, "lambda").list_functions()["Functions"]
    assert not [f for f in functions if re.search("120x120", f["FunctionName"])]
    assert requests.get(url, timeout=30).status_code == 200, "its pictures stay"
