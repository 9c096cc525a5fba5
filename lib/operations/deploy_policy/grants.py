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


# Actions by what they act on, separated by spaces.
Grants = dict[Scope, str]


def _scope(sid: str, service: str, *resources: str, at: str = "{region}:{account}") -> Scope:
    """Builds a scope from the ends of ARNs; `at` is where they are."""
    arns = [f"arn:{{partition}}:{service}:{at}:{each}" for each in resources]
    return Scope(sid, service, tuple(arns))


STACK = _scope("Stack", "cloudformation", "stack/{stack}/*")
TEMPLATES = Scope(f"Templates{_NO_NAMES}", "cloudformation")
ARTIFACTS = _scope("Artifacts", "s3", "{deployment_bucket}/serverless/{service}/{stage}/*", at=":")
ACCOUNT = Scope(f"Limits{_NO_NAMES}", "lambda")
BUCKETS = _scope("Buckets", "s3", "{bucket}", at=":")
# A bucket that exists, for the originals: infra/hooks/originals.py checks it, and adds to it.
EXISTING_BUCKET = _scope("BucketThatExists", "s3", "{existing_bucket}", at=":")
ROLES = _scope("Roles", "iam", "role/{made}-RoleOf*", at=":{account}")
ROLES_THAT_GRANT = ROLES._replace(sid="RolesThatGrant")
ROLES_WITHIN_BOUNDARY = ROLES._replace(
    sid="RolesWithinTheBoundary",
    condition=("StringEquals", "iam:PermissionsBoundary", "{boundary}"),
)
ROLES_OF_FUNCTIONS = ROLES._replace(
    sid="RolesForLambdaAlone",
    condition=("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),
)
FUNCTIONS = _scope("Functions", "lambda", "function:{stack}-*")
# A mapping's id is random, but IAM knows the function that it is for as well.
MAPPINGS = Scope(
    "MappingsOfTheFunctions",
    "lambda",
    condition=("ArnLike", "lambda:FunctionArn", FUNCTIONS.resources[0]),
)
MAPPING_IDS = _scope(f"Mappings{_RANDOM_IDS}", "lambda", "event-source-mapping:*")
LOG_GROUPS = _scope("LogGroups", "logs", "log-group:/aws/lambda/{stack}-*")
LOGS = Scope(f"LogGroups{_NO_NAMES}", "logs")
QUEUES = _scope("Queues", "sqs", "{stack}-*")
# SNS checks what is done to a subscription against its topic.
TOPICS = _scope("Topics", "sns", "{stack}", "{stack}-*")
ALARMS = _scope("Alarms", "cloudwatch", "alarm:{stack}-*")
# DescribeAlarms for several alarms needs permission for all.
ALL_ALARMS = _scope("AlarmsOfTheRegion", "cloudwatch", "alarm:*")
DASHBOARDS = _scope(
    "Dashboards", "cloudwatch", "dashboard/{stack}", "dashboard/{stack}-*", at=":{account}"
)
SECRETS = _scope("Secrets", "secretsmanager", "secret:{stack}-*")
PASSWORDS = Scope(f"Passwords{_NO_NAMES}", "secretsmanager")
# Secrets Manager encrypts in the name of the deployer, who may use the key for nothing else.
KEY = Scope(
    "KeyOfTheSecrets",
    "kms",
    ("{key}",),
    ("StringEquals", "kms:ViaService", "secretsmanager.{region}.amazonaws.com"),
)
# An API's ARN has no account in it.
APIS = _scope(f"Api{_RANDOM_IDS}", "apigateway", "/apis", "/apis/*", "/tags/*", at="{region}:")
CDN = Scope(f"Cdn{_NO_NAMES}", "cloudfront")
CDN_IDS = _scope(
    f"Cdn{_RANDOM_IDS}",
    "cloudfront",
    *("distribution/*", "cache-policy/*", "response-headers-policy/*", "origin-access-control/*"),
    at=":{account}",
)
# IAM has no kinds of resources for key groups and public keys.
CDN_KEYS = Scope(f"CdnKeys{_NO_NAMES}", "cloudfront")
CDN_FUNCTIONS = _scope("CdnFunctions", "cloudfront", "function/{stack}-*", at=":{account}")
# CloudFront has its web ACLs in us-east-1 alone; AWS's managed rules are resources of their own.
WEB_ACLS = _scope(
    "WebAcls",
    "wafv2",
    *("global/webacl/{stack}/*", "global/webacl/{stack}-*/*", "global/managedruleset/*"),
    at="us-east-1:{account}",
)
# CloudFront checks that the deployer may read a web ACL that was made elsewhere.
FOREIGN_WEB_ACL = Scope("WebAclMadeElsewhere", "wafv2", ("{web_acl}",))

# Actions that sls and the plugins in infra/ call for every template.
DEPLOY: Grants = {
    STACK: "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents "
    "DescribeStackResource DescribeStackResources DescribeStacks ExecuteChangeSet GetTemplate "
    "ListStackResources TagResource UntagResource",
    TEMPLATES: "ValidateTemplate",
    # CloudFormation reads the template, and Lambda the zip, with the deployer's permissions. sls
    # uploads the zip in parts, and gives them up if one fails.
    ARTIFACTS: "AbortMultipartUpload DeleteObject GetObject PutObject",
    ACCOUNT: "GetAccountSettings",
}
# What infra/hooks does for a private stage, whose secret no template has.
VIEWER_KEYS: Grants = {
    SECRETS: "CreateSecret DeleteSecret DescribeSecret GetSecretValue PutSecretValue RestoreSecret "
    "UpdateSecret UpdateSecretVersionStage",
}
GRANTS: dict[str, Grants] = {
    "AWS::ApiGatewayV2::Api": {APIS: "DELETE GET PATCH POST PUT TagResource UntagResource"},
    "AWS::ApiGatewayV2::Authorizer": {APIS: "DELETE GET PATCH POST PUT"},
    "AWS::ApiGatewayV2::Integration": {APIS: "DELETE GET PATCH POST PUT"},
    "AWS::ApiGatewayV2::Route": {APIS: "DELETE GET PATCH POST PUT"},
    # IAM's list of actions does not have TagResource; CloudFormation calls it all the same.
    "AWS::ApiGatewayV2::Stage": {APIS: "DELETE GET PATCH POST TagResource UntagResource"},
    "AWS::CloudFront::CachePolicy": {
        CDN: "CreateCachePolicy",
        CDN_IDS: "DeleteCachePolicy GetCachePolicy UpdateCachePolicy",
    },
    "AWS::CloudFront::Distribution": {
        CDN: "CreateDistribution",
        CDN_IDS: "DeleteDistribution GetDistribution GetDistributionConfig ListTagsForResource "
        "TagResource UntagResource UpdateDistribution",
    },
    "AWS::CloudFront::Function": {
        CDN: "CreateFunction",
        CDN_FUNCTIONS: "DeleteFunction DescribeFunction GetFunction ListTagsForResource "
        "PublishFunction TagResource UntagResource UpdateFunction",
    },
    "AWS::CloudFront::KeyGroup": {
        CDN_KEYS: "CreateKeyGroup DeleteKeyGroup GetKeyGroup UpdateKeyGroup",
    },
    "AWS::CloudFront::OriginAccessControl": {
        CDN: "CreateOriginAccessControl",
        CDN_IDS: "DeleteOriginAccessControl GetOriginAccessControl UpdateOriginAccessControl",
    },
    "AWS::CloudFront::PublicKey": {
        CDN_KEYS: "CreatePublicKey DeletePublicKey GetPublicKey UpdatePublicKey",
    },
    "AWS::CloudFront::ResponseHeadersPolicy": {
        CDN: "CreateResponseHeadersPolicy",
        CDN_IDS: "DeleteResponseHeadersPolicy GetResponseHeadersPolicy UpdateResponseHeadersPolicy",
    },
    "AWS::CloudWatch::Alarm": {
        ALARMS: "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
        ALL_ALARMS: "DescribeAlarms",
    },
    "AWS::CloudWatch::Dashboard": {
        DASHBOARDS: "DeleteDashboards GetDashboard ListTagsForResource PutDashboard TagResource "
        "UntagResource",
    },
    # Neither AttachRolePolicy nor DeleteRolePermissionsBoundary: no role has a managed policy, and
    # an identity that can remove a boundary is not bound by it.
    "AWS::IAM::Role": {
        ROLES_THAT_GRANT: "CreateRole PutRolePolicy",
        ROLES: "DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
        "ListRolePolicies ListRoleTags TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
    },
    "AWS::Lambda::EventSourceMapping": {
        MAPPINGS: "CreateEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping",
        MAPPING_IDS: "GetEventSourceMapping ListTags TagResource UntagResource",
    },
    "AWS::Lambda::Function": {
        FUNCTIONS: "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction "
        "GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig "
        "GetFunctionScalingConfig GetRuntimeManagementConfig ListTags PutFunctionConcurrency "
        "PutFunctionRecursionConfig PutRuntimeManagementConfig TagResource UntagResource "
        "UpdateFunctionCode UpdateFunctionConfiguration",
        ROLES_OF_FUNCTIONS: "PassRole",
    },
    "AWS::Lambda::Permission": {FUNCTIONS: "AddPermission GetPolicy RemovePermission"},
    "AWS::Lambda::Url": {
        FUNCTIONS: "CreateFunctionUrlConfig DeleteFunctionUrlConfig GetFunctionUrlConfig "
        "UpdateFunctionUrlConfig",
    },
    "AWS::Logs::LogGroup": {
        LOG_GROUPS: "CreateLogGroup DeleteDataProtectionPolicy DeleteLogGroup "
        "DeleteRetentionPolicy GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy "
        "TagResource UntagResource",
        LOGS: "DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies",
    },
    "AWS::S3::Bucket": {
        BUCKETS: "CreateBucket DeleteBucket DeleteBucketWebsite GetAccelerateConfiguration "
        "GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLogging "
        "GetBucketMetadataTableConfiguration GetBucketNotification "
        "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPublicAccessBlock "
        "GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration "
        "GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration "
        "GetMetricsConfiguration GetReplicationConfiguration ListBucket ListTagsForResource "
        "PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification "
        "PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketTagging "
        "PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration PutLifecycleConfiguration "
        "TagResource UntagResource",
    },
    "AWS::S3::BucketPolicy": {BUCKETS: "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy"},
    "AWS::SNS::Subscription": {
        TOPICS: "GetSubscriptionAttributes SetSubscriptionAttributes Subscribe Unsubscribe",
    },
    "AWS::SNS::Topic": {
        TOPICS: "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes "
        "ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes TagResource UntagResource",
    },
    "AWS::SNS::TopicPolicy": {TOPICS: "GetTopicAttributes SetTopicAttributes"},
    "AWS::SQS::Queue": {
        QUEUES: "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags "
        "SetQueueAttributes TagQueue UntagQueue",
    },
    "AWS::SQS::QueuePolicy": {QUEUES: "GetQueueAttributes SetQueueAttributes"},
    "AWS::SecretsManager::Secret": {
        SECRETS: "CreateSecret DeleteSecret DescribeSecret GetSecretValue TagResource "
        "UntagResource UpdateSecret",
        PASSWORDS: "GetRandomPassword",
    },
    "AWS::WAFv2::WebACL": {
        WEB_ACLS: "CreateWebACL DeleteWebACL GetWebACL ListTagsForResource TagResource "
        "UntagResource UpdateWebACL",
    },
}
