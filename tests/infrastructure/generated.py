"""Output of infra/generate.py without Serverless: quick enough for every option."""

from pathlib import Path
from typing import Any

import yaml

from infra.generate import generate
from tests.infrastructure.template import Template

_SERVERLESS = Path(__file__).parents[2] / "serverless.yml"
_DEFAULTS = yaml.safe_load(_SERVERLESS.read_text())["params"]["default"]
# As infra/hooks/generated.js hands it over: text, but for lists and what CloudFormation works out.
PARAMETERS = {
    "service": "image-fanout",
    "stage": "dev",
    **{
        name: each if isinstance(each, (list, dict)) else str(each)
        for name, each in _DEFAULTS.items()
    },
}
HERO = {"name": "hero", "width": 100, "height": 50, "formats": ["avif", "webp"]}


def generated(tmp_path: Path, sizes: list[Any], **changes: Any) -> dict[str, Any]:
    """Generates the parts of serverless.yml; raises ConfigError for wrong input."""
    file = tmp_path / "sizes.yml"
    file.write_text(yaml.safe_dump({"sizes": sizes}))
    return generate({**PARAMETERS, "sizes_file": str(file), **changes})


def generated_template(tmp_path: Path, sizes: list[Any], **changes: Any) -> Template:
    """Returns the generated resources, with short names of buckets, and what Serverless adds."""
    template = Template(generated(tmp_path, sizes, **changes)["resources"])
    for bucket in ("OriginalsBucket", "ImagesBucket", "FailuresBucket"):
        resource = template.resources.setdefault(bucket, {"Properties": {}})
        resource["Type"] = "AWS::S3::Bucket"
        resource["Properties"]["BucketName"] = bucket.lower()
    template.resources["HttpApi"] = {"Type": "AWS::ApiGatewayV2::Api"}
    template.resources["OndemandLambdaFunctionUrl"] = {"Type": "AWS::Lambda::Url"}
    return template


def images_url(made: dict[str, Any]) -> Any:
    """Returns the base URL of the images of the generated stage."""
    url = made["functions"]["uploads"]["environment"]["IMAGES_URL"]
    assert made["resources"]["Outputs"]["ImagesUrl"] == {"Value": url}
    return url
