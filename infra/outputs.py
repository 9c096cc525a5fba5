"""The stack's outputs that every stage has, for the command line, the demo and people.

Parts of the stack add theirs, such as the addresses of originals and images.
"""

import json
from typing import Any

from infra.naming import ref
from infra.parameters import Parameters
from lib.sizes import Size


def stack_outputs(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the outputs; `Sizes` and `Features` are JSON lists of names."""
    outputs = {
        "ApiUrl": parameters.api_url,
        "Auth": parameters.auth,
        "ImagesBucketName": ref("ImagesBucket"),
        "FailuresBucketName": ref("FailuresBucket"),
        "TopicArn": ref("Topic"),
        "VariantsTopicArn": ref("VariantsTopic"),
        "AlarmTopicArn": ref("AlarmTopic"),
        "Sizes": json.dumps([size.name for size in sizes]),
        "Features": json.dumps(_list_features(parameters)),
    }
    return {name: {"Value": value} for name, value in outputs.items()}


def _list_features(parameters: Parameters) -> list[str]:
    """Lists the features that are switched on, which `./fanout verify` reads."""
    features = {
        "console": parameters.console,
        "declared": "declared" in parameters.on_demand,
        "formats": parameters.serve_formats,
        "private": parameters.is_private,
        "purge": parameters.purges,
        "queries": parameters.serve_queries,
        "render": parameters.render,
        "signed": parameters.serves_signed,
        # An emulator has no websites: images come from the bucket itself.
        "website": parameters.delivery == "website" and not parameters.emulator,
    }
    return [name for name, on in features.items() if on]
