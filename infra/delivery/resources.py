"""Public access to the variants: through CloudFront, or from the bucket's own address."""

from typing import Any

from infra.delivery.distribution import distribution_resources
from infra.delivery.formats import served_formats
from infra.delivery.headers import headers_resources
from infra.delivery.images_bucket import images_bucket
from infra.delivery.logs import logs_resources
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.viewer_function import function_resources
from infra.delivery.viewers import viewer_outputs, viewer_resources
from infra.delivery.web_acl import web_acl_resources
from infra.naming import ref, sub
from lib.sizes import Size

_CDN = "https://${Distribution.DomainName}"


def delivery_resources(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the images bucket's access and, if the stage has a CDN, the CDN.

    Raises ConfigError if the sizes exceed a limit of CloudFront or S3.
    """
    bucket = images_bucket(parameters, sizes)
    if parameters.is_public:
        return bucket
    formats = served_formats(parameters, sizes)
    return (
        bucket
        | distribution_resources(parameters, formats)
        | headers_resources(parameters, formats)
        | function_resources(parameters, formats, sizes)
        | viewer_resources(parameters)
        | web_acl_resources(parameters)
        | logs_resources(parameters)
    )


def delivery_outputs(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the stack's outputs with the images' addresses."""
    outputs = {"ImagesUrl": {"Value": images_url(parameters)}}
    if parameters.is_public:
        return outputs
    return outputs | {
        "CdnUrl": {"Value": sub(_CDN)},
        "DistributionId": {"Value": ref("Distribution")},
        **viewer_outputs(parameters),
    }


def images_url(parameters: DeliveryParameters) -> Any:
    """Returns the images' base URL, without a slash at its end."""
    if parameters.is_public and parameters.emulator:
        return sub(parameters.emulator + "/${ImagesBucket}")
    if parameters.images_url:
        return parameters.images_url
    if parameters.delivery == "website":
        return {"Fn::GetAtt": ["ImagesBucket", "WebsiteURL"]}
    if parameters.is_public:
        # The global host of a new bucket redirects for hours; the regional one works at once.
        return sub("https://${ImagesBucket.RegionalDomainName}")
    return f"https://{parameters.domain}" if parameters.domain else sub(_CDN)
