"""What AWS bills: the units of prices.yml, and the service whose line of the bill has each."""

from typing import Literal, get_args

Unit = Literal[
    "lambda_arm64_gb_second",
    "lambda_x86_64_gb_second",
    "lambda_request",
    "s3_gb",
    "s3_write",
    "s3_read",
    "internet_gb",
    "sqs_request",
    "sns_publish",
    "http_api_request",
    "cloudfront_gb",
    "cloudfront_request",
    "cloudfront_function",
    "invalidation_path",
    "alarm",
    "metric",
    "log_gb",
    "log_storage_gb",
    "rekognition_image",
    "secret",
    "kms_key",
    "web_acl",
    "web_acl_rule",
    "web_acl_request",
    "xray_trace",
]

_SERVICES = {
    "lambda": "Lambda",
    "s3": "S3",
    "internet": "S3",
    "sqs": "SQS",
    "sns": "SNS",
    "http": "API Gateway",
    "cloudfront": "CloudFront",
    "invalidation": "CloudFront",
    "alarm": "CloudWatch",
    "metric": "CloudWatch",
    "log": "CloudWatch",
    "rekognition": "Rekognition",
    "secret": "Secrets Manager",
    "kms": "KMS",
    "web": "WAF",
    "xray": "X-Ray",
}
# In the order of the units.
SERVICES = tuple(dict.fromkeys(_SERVICES[unit.partition("_")[0]] for unit in get_args(Unit)))


def service_of(unit: Unit) -> str:
    """Returns the service that bills a unit."""
    return _SERVICES[unit.partition("_")[0]]
