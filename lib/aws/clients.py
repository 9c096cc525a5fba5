"""Types of boto3's clients; Any at run time, because the functions' zips lack the stubs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
else:
    CloudFormationClient = CloudFrontClient = CloudWatchClient = LambdaClient = Any
    S3Client = SecretsManagerClient = SNSClient = SQSClient = Any

__all__ = [
    "CloudFormationClient",
    "CloudFrontClient",
    "CloudWatchClient",
    "LambdaClient",
    "S3Client",
    "SNSClient",
    "SQSClient",
    "SecretsManagerClient",
]
