"""Originals are private, variants are read through CloudFront alone, S3 tells the topic."""

import json

import pytest

from tests.infrastructure.template import Template

PRIVATE = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


@pytest.mark.parametrize("bucket", ["OriginalsBucket", "ImagesBucket", "FailuresBucket"])
def test_each_bucket_blocks_the_public_and_survives_the_stack(
    each_stage: Template, bucket: str
) -> None:
    properties = each_stage.properties(bucket)
    assert properties["PublicAccessBlockConfiguration"] == PRIVATE
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert each_stage.resources[bucket]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert each_stage.resources[bucket]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("bucket", ["OriginalsBucket", "FailuresBucket"])
def test_no_policy_opens_what_is_private_to_anybody(each_stage: Template, bucket: str) -> None:
    policies = each_stage.of_type("AWS::S3::BucketPolicy").values()
    allowed = {
        policy["Bucket"]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert each_stage.resolved({"Ref": "ImagesBucket"}) in allowed
    assert each_stage.resolved({"Ref": bucket}) not in allowed


def test_failure_records_are_forgotten_with_their_dead_letters(dev: Template) -> None:
    rules = dev.properties("FailuresBucket")["LifecycleConfiguration"]["Rules"]
    days = {rule.get("Prefix"): rule["ExpirationInDays"] for rule in rules}
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    dead_letters = dev.properties("Dlq400x300")["MessageRetentionPeriod"]
    assert [day * 24 * 60 * 60 for prefix, day in days.items() if prefix] == [dead_letters] * 4
    # A fetch record has to outlive the replay of its dead letter, and the time in the queue.
    waiting = dev.properties("FetchQueue")["MessageRetentionPeriod"]
    assert days[None] * 24 * 60 * 60 == dead_letters + waiting


def test_originals_are_versioned_in_the_cloud(dev: Template) -> None:
    assert dev.properties("OriginalsBucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_browsers_may_post_and_nothing_more(dev: Template) -> None:
    (rule,) = dev.properties("OriginalsBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST"]
    assert rule["AllowedOrigins"] == ["*"]


def test_s3_publishes_everything_that_may_change_a_variant(dev: Template) -> None:
    configured = dev.properties("OriginalsBucket")["NotificationConfiguration"]
    topics = configured["TopicConfigurations"]
    assert {topic["Event"] for topic in topics} == {
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:LifecycleExpiration:*",
        "s3:ObjectRestore:Completed",
    }
    for topic in topics:
        assert topic["Topic"] == dev.resolved({"Ref": "Topic"})
        rules = topic["Filter"]["S3Key"]["Rules"]
        assert rules == [{"Name": "prefix", "Value": "originals/"}]


def test_only_s3_for_this_accounts_originals_may_publish(dev: Template) -> None:
    policy = dev.properties("TopicPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    originals = dev.resolved({"Fn::GetAtt": ["OriginalsBucket", "Arn"]})
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": originals}
    assert "TopicPolicy" in dev.resources["OriginalsBucket"]["DependsOn"]


def test_the_images_bucket_publishes_for_subscribers_and_no_queue_of_ours(dev: Template) -> None:
    """A variant must not start another rendering."""
    configured = dev.properties("ImagesBucket")["NotificationConfiguration"]
    variants = dev.resolved({"Ref": "VariantsTopic"})
    assert configured["TopicConfigurations"] == [
        {"Event": "s3:ObjectCreated:*", "Topic": variants},
        {"Event": "s3:ObjectRemoved:*", "Topic": variants},
    ]
    subscriptions = dev.of_type("AWS::SNS::Subscription").values()
    assert variants not in {subscription["TopicArn"] for subscription in subscriptions}
    (statement,) = dev.properties("VariantsTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    images = dev.resolved({"Fn::GetAtt": ["ImagesBucket", "Arn"]})
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": images}
    assert "VariantsTopicPolicy" in dev.resources["ImagesBucket"]["DependsOn"]


def test_only_this_distribution_reads_the_images(dev: Template) -> None:
    read, listed, refusal = dev.properties("ImagesBucketPolicy")["PolicyDocument"]["Statement"]
    assert (refusal["Effect"], refusal["Principal"]) == ("Deny", "*")
    ours = {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/Distribution"}
    for statement in (read, listed):
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert statement["Condition"]["ArnEquals"] == ours
    assert read["Action"] == ["s3:GetObject"]
    # The prefix of a plain listing is empty and does not match.
    assert listed["Action"] == ["s3:ListBucket"]
    assert listed["Condition"]["StringLike"] == {"s3:prefix": "*/*"}


def test_the_distribution_signs_its_requests_and_serves_https_only(dev: Template) -> None:
    config = dev.properties("Distribution")["DistributionConfig"]
    (origin,) = config["Origins"]
    assert origin["DomainName"] == "ImagesBucket.RegionalDomainName"
    assert origin["OriginAccessControlId"] == "OriginAccess.Id"
    access = dev.properties("OriginAccess")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
    behaviour = config["DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    assert behaviour["Compress"] is False
    assert config["HttpVersion"] == "http2and3"


def test_misses_are_cached_for_seconds_only(dev: Template) -> None:
    errors = dev.properties("Distribution")["DistributionConfig"]["CustomErrorResponses"]
    assert {error["ErrorCode"] for error in errors} == {403, 404, 500, 502, 503, 504}
    assert all(error["ErrorCachingMinTTL"] <= 10 for error in errors)


def test_nothing_a_visitor_adds_makes_another_cache_entry(dev: Template) -> None:
    policy = dev.properties("CachePolicy")["CachePolicyConfig"]
    keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert keyed["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert keyed["CookiesConfig"] == {"CookieBehavior": "none"}
    assert policy["DefaultTTL"] == 14 * 24 * 60 * 60


def test_variants_are_kept_two_weeks_by_the_cdn_and_an_hour_by_browsers(dev: Template) -> None:
    function = dev.properties("ResizeDash400x300LambdaFunction")
    cached = function["Environment"]["Variables"]["CACHE_CONTROL"]
    assert cached == "public, max-age=3600, s-maxage=1209600"


def test_outputs_name_every_address_and_the_sizes(dev: Template) -> None:
    outputs = {name: value["Value"] for name, value in dev.document["Outputs"].items()}
    named = {"ApiUrl", "ImagesUrl", "CdnUrl", "DistributionId"}
    named |= {"OriginalsBucketName", "ImagesBucketName"}
    assert named | {"TopicArn", "VariantsTopicArn", "AlarmTopicArn", "Sizes"} <= outputs.keys()
    assert json.loads(outputs["Sizes"]) == ["800x600", "400x300", "1200x", "thumbnail"]


def test_logs_are_kept_for_a_while_and_not_for_ever(each_stage: Template) -> None:
    groups = each_stage.of_type("AWS::Logs::LogGroup").values()
    assert len(groups) == len(each_stage.of_type("AWS::Lambda::Function"))
    assert {group["RetentionInDays"] for group in groups} <= {7, 30, 90}
