"""Sizes come and go with a line in sizes.yml and a deploy; messages are never dropped with them."""

import json
import re

import pytest
import requests
from botocore.credentials import Credentials

from cli.upload_client import bearing, signed
from lib.errors import ConfigError
from local.client import ask, aws
from local.stack import LocalStack, Stack
from tests.e2e.test_pipeline import PHOTO, arrived, dead_letters, eventually, uploaded
from tests.pictures import decoded
from tests.service import Service

WISH = {"filename": "a.jpg", "content_type": "image/jpeg", "bytes": 1}


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

    local.deploy("--param=abandon_messages=true", "--param=auth=iam")
    check_signatures(local.read())
    again = local.up(tell=print)
    assert again.sizes == stack.sizes
    assert ask(again, WISH, None).status_code == 401
    assert ask(again, WISH, bearing(again.token)).status_code == 201, "a new secret, a new token"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="image-fanout-local-120x120-dlq")
    functions = aws(stack, "lambda").list_functions()["Functions"]
    assert not [f for f in functions if re.search("120x120", f["FunctionName"])]
    assert requests.get(url, timeout=30).status_code == 200, "its pictures stay"


def check_signatures(stack: Stack) -> None:
    """With auth: iam a ticket is for those who sign as somebody who may invoke the API."""
    iam = aws(stack, "iam")
    iam.create_user(UserName="uploader")
    key = iam.create_access_key(UserName="uploader")["AccessKey"]
    uploader = signed(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), stack.region)
    for authorize in (None, bearing(stack.token), uploader):
        assert ask(stack, WISH, authorize).status_code == 403
    allowed = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:{stack.region}:*:*/*/POST/uploads",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="uploader", PolicyName="upload", PolicyDocument=document)
    assert ask(stack, WISH, uploader).status_code == 201
