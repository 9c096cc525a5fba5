"""Who may read the variants, and by which way: CloudFront, or the bucket's own address.

A stage has one of the two (`delivery`). Of CloudFront: `distribution` and what hangs on it, the
`headers` of its answers, the `function` that looks at requests (`formats` by Accept, sizes by
`queries`), its `relay` to what is made on demand, its `web_acl` and its `logs`.
"""

from typing import Any

from infra.delivery.distribution import distribution_resources
from infra.delivery.formats import served_formats
from infra.delivery.headers import headers_resources
from infra.delivery.images_bucket import images_bucket, images_policy
from infra.delivery.logs import logs_resources
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.viewer_function import function_resources
from infra.delivery.web_acl import web_acl_resources
from infra.naming import ref, sub
from lib.sizes import Size

_CDN = "https://${Distribution.DomainName}"


def delivery_resources(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """Everything between the images bucket and a visitor; ConfigError where it cannot be made."""
    bucket = images_bucket(parameters, sizes) | images_policy(parameters)
    if parameters.is_public:
        return bucket
    formats = served_formats(parameters, sizes)
    return (
        bucket
        | distribution_resources(parameters, formats)
        | headers_resources(parameters, formats)
        | function_resources(parameters, formats, sizes)
        | web_acl_resources(parameters)
        | logs_resources(parameters)
    )


def delivery_outputs(parameters: DeliveryParameters) -> dict[str, Any]:
    """The stack's outputs that tell where pictures are."""
    outputs = {"ImagesUrl": {"Value": images_url(parameters)}}
    if parameters.is_public:
        return outputs
    return outputs | {
        "CdnUrl": {"Value": sub(_CDN)},
        "DistributionId": {"Value": ref("Distribution")},
    }


def images_url(parameters: DeliveryParameters) -> Any:
    """Where pictures are, without a slash at its end."""
    if parameters.is_public and parameters.emulator:
        return sub(parameters.emulator + "/${ImagesBucket}")
    if parameters.images_url:
        return parameters.images_url
    if parameters.delivery == "website":
        return {"Fn::GetAtt": ["ImagesBucket", "WebsiteURL"]}
    if parameters.is_public:
        # The bucket's own regional host works at once, where the global one redirects for hours.
        return sub("https://${ImagesBucket.RegionalDomainName}")
    return f"https://{parameters.domain}" if parameters.domain else sub(_CDN)
