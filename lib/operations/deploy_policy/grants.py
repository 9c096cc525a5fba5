"""Lists the actions that CloudFormation calls for each resource type, and their resources.

CloudFormation acts with the permissions of the identity that deploys. The actions are those of the
type's handlers in CloudFormation's resource schemas, without what only properties need that no
template of ours sets: tests/infrastructure/test_deploy_policy.py compares the two, and has a
reason for each difference.

Resources are patterns below the stack's name, not the names of today: a deploy that adds a size
needs them before the size is there, and a deploy that removes it afterwards.
"""

from typing import NamedTuple

# Words for a statement's id: AWS gives these resources random ids; these actions take no resource.
_RANDOM_IDS = "WhereIdsAreRandom"
_NO_NAMES = "WhereAwsTakesNoNames"


class Scope(NamedTuple):
    """Some resources of one service: a statement of the policy.

    `resources` are ARNs, and `condition` is an operator, a key and a value; both with the fields
    that `documents` fills in.
    """

    sid: str
    service: str
    resources: tuple[str, ...] = ("*",)
    condition: tuple[str, str, str] | None = None


# A scope and actions on it, separated by spaces.
Grant = tuple[Scope, str]

STACK = Scope(
    "Stack",
    "cloudformation",
    ("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*",),
)
TEMPLATES = Scope(f"Templates{_NO_NAMES}", "cloudformation")
ARTIFACTS = Scope(
    "Artifacts",
    "s3",
    ("arn:{partition}:s3:::{deployment_bucket}/serverless/{service}/{stage}/*",),
)
ACCOUNT = Scope(f"Limits{_NO_NAMES}", "lambda")
BUCKETS = Scope("Buckets", "s3", ("arn:{partition}:s3:::{bucket}",))
# A bucket that exists, for the originals: infra/hooks/originals.py checks it, and adds to it.
EXISTING_BUCKET = Scope("BucketThatExists", "s3", ("arn:{partition}:s3:::{existing_bucket}",))
ROLES = Scope("Roles", "iam", ("arn:{partition}:iam::{account}:role/{made}-RoleOf*",))
ROLES_THAT_GRANT = Scope("RolesThatGrant", "iam", ROLES.resources)
ROLES_WITHIN_BOUNDARY = Scope(
    "RolesWithinTheBoundary",
    "iam",
    ROLES.resources,
    ("StringEquals", "iam:PermissionsBoundary", "{boundary}"),
)
ROLES_OF_FUNCTIONS = Scope(
    "RolesForLambdaAlone",
    "iam",
    ROLES.resources,
    ("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),
)
FUNCTIONS = Scope(
    "Functions", "lambda", ("arn:{partition}:lambda:{region}:{account}:function:{stack}-*",)
)
# A mapping's id is random, but IAM knows the function that it is for as well.
MAPPINGS = Scope(
    "MappingsOfTheFunctions",
    "lambda",
    ("*",),
    ("ArnLike", "lambda:FunctionArn", FUNCTIONS.resources[0]),
)
MAPPING_IDS = Scope(
    f"Mappings{_RANDOM_IDS}",
    "lambda",
    ("arn:{partition}:lambda:{region}:{account}:event-source-mapping:*",),
)
LOG_GROUPS = Scope(
    "LogGroups",
    "logs",
    ("arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{stack}-*",),
)
LOGS = Scope(f"LogGroups{_NO_NAMES}", "logs")
QUEUES = Scope("Queues", "sqs", ("arn:{partition}:sqs:{region}:{account}:{stack}-*",))
# SNS checks what is done to a subscription against its topic.
TOPICS = Scope(
    "Topics",
    "sns",
    (
        "arn:{partition}:sns:{region}:{account}:{stack}",
        "arn:{partition}:sns:{region}:{account}:{stack}-*",
    ),
)
ALARMS = Scope(
    "Alarms", "cloudwatch", ("arn:{partition}:cloudwatch:{region}:{account}:alarm:{stack}-*",)
)
# DescribeAlarms for several alarms needs permission for all.
ALL_ALARMS = Scope(
    "AlarmsOfTheRegion", "cloudwatch", ("arn:{partition}:cloudwatch:{region}:{account}:alarm:*",)
)
DASHBOARDS = Scope(
    "Dashboards",
    "cloudwatch",
    (
        "arn:{partition}:cloudwatch::{account}:dashboard/{stack}",
        "arn:{partition}:cloudwatch::{account}:dashboard/{stack}-*",
    ),
)
SECRETS = Scope(
    "Secrets",
    "secretsmanager",
    ("arn:{partition}:secretsmanager:{region}:{account}:secret:{stack}-*",),
)
PASSWORDS = Scope(f"Passwords{_NO_NAMES}", "secretsmanager")
# Secrets Manager encrypts in the name of the deployer, who may use the key for nothing else.
KEY = Scope(
    "KeyOfTheSecrets",
    "kms",
    ("{key}",),
    ("StringEquals", "kms:ViaService", "secretsmanager.{region}.amazonaws.com"),
)
# An API's ARN has no account in it.
APIS = Scope(
    f"Api{_RANDOM_IDS}",
    "apigateway",
    (
        "arn:{partition}:apigateway:{region}::/apis",
        "arn:{partition}:apigateway:{region}::/apis/*",
        "arn:{partition}:apigateway:{region}::/tags/*",
    ),
)
CDN = Scope(f"Cdn{_NO_NAMES}", "cloudfront")
CDN_IDS = Scope(
    f"Cdn{_RANDOM_IDS}",
    "cloudfront",
    (
        "arn:{partition}:cloudfront::{account}:distribution/*",
        "arn:{partition}:cloudfront::{account}:cache-policy/*",
        "arn:{partition}:cloudfront::{account}:response-headers-policy/*",
        "arn:{partition}:cloudfront::{account}:origin-access-control/*",
    ),
)
# IAM has no kinds of resources for key groups and public keys.
CDN_KEYS = Scope(f"CdnKeys{_NO_NAMES}", "cloudfront")
CDN_FUNCTIONS = Scope(
    "CdnFunctions", "cloudfront", ("arn:{partition}:cloudfront::{account}:function/{stack}-*",)
)
# CloudFront has its web ACLs in us-east-1 alone; AWS's managed rules are resources of their own.
WEB_ACLS = Scope(
    "WebAcls",
    "wafv2",
    (
        "arn:{partition}:wafv2:us-east-1:{account}:global/webacl/{stack}/*",
        "arn:{partition}:wafv2:us-east-1:{account}:global/webacl/{stack}-*/*",
        "arn:{partition}:wafv2:us-east-1:{account}:global/managedruleset/*",
    ),
)
# CloudFront checks that the deployer may read a web ACL that was made elsewhere.
FOREIGN_WEB_ACL = Scope("WebAclMadeElsewhere", "wafv2", ("{web_acl}",))

# Actions that sls and the plugins in infra/ call for every template.
DEPLOY: tuple[Grant, ...] = (
    (
        STACK,
        "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents "
        "DescribeStackResource DescribeStackResources DescribeStacks ExecuteChangeSet GetTemplate "
        "ListStackResources TagResource UntagResource",
    ),
    (TEMPLATES, "ValidateTemplate"),
    # CloudFormation reads the template, and Lambda the zip, with the deployer's permissions. sls
    # uploads the zip in parts, and gives them up if one fails.
    (ARTIFACTS, "AbortMultipartUpload DeleteObject GetObject PutObject"),
    (ACCOUNT, "GetAccountSettings"),
)

# What infra/hooks does for a private stage, whose secret no template has.
VIEWER_KEYS: Grant = (
    SECRETS,
    "CreateSecret DeleteSecret DescribeSecret GetSecretValue PutSecretValue RestoreSecret "
    "UpdateSecret UpdateSecretVersionStage",
)

GRANTS: dict[str, tuple[Grant, ...]] = {
    "AWS::ApiGatewayV2::Api": ((APIS, "DELETE GET PATCH POST PUT TagResource UntagResource"),),
    "AWS::ApiGatewayV2::Authorizer": ((APIS, "DELETE GET PATCH POST PUT"),),
    "AWS::ApiGatewayV2::Integration": ((APIS, "DELETE GET PATCH POST PUT"),),
    "AWS::ApiGatewayV2::Route": ((APIS, "DELETE GET PATCH POST PUT"),),
    # IAM's list of actions does not have TagResource; CloudFormation calls it all the same.
    "AWS::ApiGatewayV2::Stage": ((APIS, "DELETE GET PATCH POST TagResource UntagResource"),),
    "AWS::CloudFront::CachePolicy": (
        (CDN, "CreateCachePolicy"),
        (CDN_IDS, "DeleteCachePolicy GetCachePolicy UpdateCachePolicy"),
    ),
    "AWS::CloudFront::Distribution": (
        (CDN, "CreateDistribution"),
        (
            CDN_IDS,
            "DeleteDistribution GetDistribution GetDistributionConfig ListTagsForResource "
            "TagResource UntagResource UpdateDistribution",
        ),
    ),
    "AWS::CloudFront::Function": (
        (CDN, "CreateFunction"),
        (
            CDN_FUNCTIONS,
            "DeleteFunction DescribeFunction GetFunction ListTagsForResource PublishFunction "
            "TagResource UntagResource UpdateFunction",
        ),
    ),
    "AWS::CloudFront::KeyGroup": (
        (CDN_KEYS, "CreateKeyGroup DeleteKeyGroup GetKeyGroup UpdateKeyGroup"),
    ),
    "AWS::CloudFront::OriginAccessControl": (
        (CDN, "CreateOriginAccessControl"),
        (CDN_IDS, "DeleteOriginAccessControl GetOriginAccessControl UpdateOriginAccessControl"),
    ),
    "AWS::CloudFront::PublicKey": (
        (
            CDN_KEYS,
            "CreatePublicKey DeletePublicKey GetPublicKey UpdatePublicKey",
        ),
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        (CDN, "CreateResponseHeadersPolicy"),
        (
            CDN_IDS,
            "DeleteResponseHeadersPolicy GetResponseHeadersPolicy UpdateResponseHeadersPolicy",
        ),
    ),
    "AWS::CloudWatch::Alarm": (
        (ALARMS, "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource"),
        (ALL_ALARMS, "DescribeAlarms"),
    ),
    "AWS::CloudWatch::Dashboard": (
        (
            DASHBOARDS,
            "DeleteDashboards GetDashboard ListTagsForResource PutDashboard TagResource "
            "UntagResource",
        ),
    ),
    # Neither AttachRolePolicy nor DeleteRolePermissionsBoundary: no role has a managed policy, and
    # an identity that can remove a boundary is not bound by it.
    "AWS::IAM::Role": (
        (ROLES_THAT_GRANT, "CreateRole PutRolePolicy"),
        (
            ROLES,
            "DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListRolePolicies ListRoleTags TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
            "UpdateRoleDescription",
        ),
    ),
    "AWS::Lambda::EventSourceMapping": (
        (
            MAPPINGS,
            "CreateEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping",
        ),
        (MAPPING_IDS, "GetEventSourceMapping ListTags TagResource UntagResource"),
    ),
    "AWS::Lambda::Function": (
        (
            FUNCTIONS,
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction "
            "GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig "
            "GetFunctionScalingConfig GetRuntimeManagementConfig ListTags PutFunctionConcurrency "
            "PutFunctionRecursionConfig PutRuntimeManagementConfig TagResource UntagResource "
            "UpdateFunctionCode UpdateFunctionConfiguration",
        ),
        (ROLES_OF_FUNCTIONS, "PassRole"),
    ),
    "AWS::Lambda::Permission": ((FUNCTIONS, "AddPermission GetPolicy RemovePermission"),),
    "AWS::Lambda::Url": (
        (
            FUNCTIONS,
            "CreateFunctionUrlConfig DeleteFunctionUrlConfig GetFunctionUrlConfig "
            "UpdateFunctionUrlConfig",
        ),
    ),
    "AWS::Logs::LogGroup": (
        (
            LOG_GROUPS,
            "CreateLogGroup DeleteDataProtectionPolicy DeleteLogGroup DeleteRetentionPolicy "
            "GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource "
            "UntagResource",
        ),
        (LOGS, "DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies"),
    ),
    "AWS::S3::Bucket": (
        (
            BUCKETS,
            "CreateBucket DeleteBucket DeleteBucketWebsite GetAccelerateConfiguration "
            "GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLogging "
            "GetBucketMetadataTableConfiguration GetBucketNotification "
            "GetBucketObjectLockConfiguration GetBucketOwnershipControls "
            "GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetBucketWebsite "
            "GetEncryptionConfiguration GetIntelligentTieringConfiguration "
            "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration ListBucket ListTagsForResource PutBucketAcl "
            "PutBucketCORS PutBucketLogging PutBucketNotification PutBucketOwnershipControls "
            "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutBucketWebsite "
            "PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource",
        ),
    ),
    "AWS::S3::BucketPolicy": ((BUCKETS, "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy"),),
    "AWS::SNS::Subscription": (
        (
            TOPICS,
            "GetSubscriptionAttributes SetSubscriptionAttributes Subscribe Unsubscribe",
        ),
    ),
    "AWS::SNS::Topic": (
        (
            TOPICS,
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes "
            "ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes TagResource "
            "UntagResource",
        ),
    ),
    "AWS::SNS::TopicPolicy": ((TOPICS, "GetTopicAttributes SetTopicAttributes"),),
    "AWS::SQS::Queue": (
        (
            QUEUES,
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags "
            "SetQueueAttributes TagQueue UntagQueue",
        ),
    ),
    "AWS::SQS::QueuePolicy": ((QUEUES, "GetQueueAttributes SetQueueAttributes"),),
    "AWS::SecretsManager::Secret": (
        (
            SECRETS,
            "CreateSecret DeleteSecret DescribeSecret GetSecretValue TagResource UntagResource "
            "UpdateSecret",
        ),
        (PASSWORDS, "GetRandomPassword"),
    ),
    "AWS::WAFv2::WebACL": (
        (
            WEB_ACLS,
            "CreateWebACL DeleteWebACL GetWebACL ListTagsForResource TagResource UntagResource "
            "UpdateWebACL",
        ),
    ),
}
