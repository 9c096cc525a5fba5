"""A stage's parts as the use cases take them: which bucket, which queue, which size."""

from botocore.config import Config

from cli.stage import Stage
from lib.auth.signing_keys import SigningKeys
from lib.auth.tokens import TokenStore
from lib.aws.stacks import DeployedSize
from lib.errors import ConfigError
from lib.operations.audit import MAX_WORKERS, Auditor
from lib.operations.doctor.sizes import read_deployed
from lib.pipeline.put_options import Acl, PutOptions
from lib.pipeline.rechecks import RecheckQueue
from lib.uploads.status import StatusReader

# A connection for each thread that looks at objects, and patience where S3 slows us down: a
# command that reads a million of them must not end at the first refusal.
_MANY_LOOKS = Config(
    max_pool_connections=MAX_WORKERS, retries={"mode": "standard", "total_max_attempts": 8}
)


def deployed_size(stage: Stage, name: str) -> DeployedSize:
    """The size of this name; wrong use (exit code 2) where the stage has none."""
    stage.chosen_sizes([name])
    return stage.stack.sizes[name]


def make_put_options(deployed: DeployedSize) -> PutOptions:
    """How the size's variants are stored today."""
    acl: Acl | None = "public-read" if "ACL" in deployed.environment else None
    return PutOptions(deployed.environment["CACHE_CONTROL"], acl)


def make_auditor(stage: Stage, size_name: str) -> Auditor:
    """What compares a size's variants with the originals."""
    outputs, deployed = stage.stack.outputs, deployed_size(stage, size_name)
    return Auditor(
        s3=stage.client("s3", _MANY_LOOKS),
        size=read_deployed(stage.stack)[size_name],
        put_options=make_put_options(deployed),
        originals_bucket=outputs["OriginalsBucketName"],
        images_bucket=outputs["ImagesBucketName"],
        failures_bucket=outputs["FailuresBucketName"],
    )


def make_recheck_queue(stage: Stage, size_name: str) -> RecheckQueue:
    """Where a size's workers are asked to look at paths."""
    return RecheckQueue(
        sqs=stage.client("sqs"),
        url=deployed_size(stage, size_name).queue_url,
        originals_bucket=stage.stack.outputs["OriginalsBucketName"],
    )


def make_status_reader(stage: Stage) -> StatusReader:
    """What tells about a photo at each size."""
    outputs = stage.stack.outputs
    return StatusReader(
        s3=stage.client("s3", _MANY_LOOKS),
        folders={name: size.folders for name, size in read_deployed(stage.stack).items()},
        originals_bucket=outputs["OriginalsBucketName"],
        images_bucket=outputs["ImagesBucketName"],
        failures_bucket=outputs["FailuresBucketName"],
        images_url=stage.images_url,
    )


def make_token_store(stage: Stage) -> TokenStore:
    """The bearer tokens of a stage; ConfigError where its upload API takes none."""
    why_none = "has no tokens, because its parameter auth is not token"
    secret = _secret_of(stage, "TokensSecretArn", why_none)
    return TokenStore(stage.client("secretsmanager"), secret)


def make_signing_keys(stage: Stage) -> SigningKeys:
    """The keys of a stage's signed URLs; ConfigError where it serves none."""
    why_none = "serves no signed URLs, because its parameter on_demand does not name signed"
    secret = _secret_of(stage, "SigningKeysArn", why_none)
    return SigningKeys(stage.client("secretsmanager"), secret)


def _secret_of(stage: Stage, output: str, why_none: str) -> str:
    if output not in stage.stack.outputs:
        raise ConfigError(
            f"The stage {stage.name} {why_none}: set it in serverless.yml and deploy to have them"
        )
    return stage.stack.outputs[output]
