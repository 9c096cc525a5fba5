"""Builds use cases of lib for a deployed stage."""

import json
from typing import TYPE_CHECKING

from botocore.config import Config

from cli.stage import Stage
from lib.auth.signing_keys import SigningKeys
from lib.auth.tokens import TokenStore
from lib.auth.viewer_keys import ViewerKeyStore
from lib.errors import ConfigError
from lib.operations.audit import MAX_WORKERS, Auditor
from lib.operations.doctor.sizes import read_deployed
from lib.pipeline.put_options import Acl, PutOptions
from lib.pipeline.rechecks import RecheckQueue
from lib.sizes import recipe_id
from lib.uploads.status import Expected, StatusReader

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import ViewerSigner

# One connection per thread, and many retries: a command that reads a million objects must survive
# throttling by S3.
_MANY_READS = Config(
    max_pool_connections=MAX_WORKERS, retries={"mode": "standard", "total_max_attempts": 8}
)


def make_auditor(stage: Stage, size_name: str) -> Auditor:
    """Builds the comparison of a size's variants with the originals."""
    outputs = stage.stack.outputs
    return Auditor(
        s3=stage.client("s3", _MANY_READS),
        size=read_deployed(stage.stack)[size_name],
        put_options=_put_options(stage, size_name),
        originals=stage.stack.originals,
        images_bucket=outputs["ImagesBucketName"],
        failures_bucket=outputs["FailuresBucketName"],
    )


def make_recheck_queue(stage: Stage, size_name: str) -> RecheckQueue:
    """Builds the queue that takes rechecks for a size's workers."""
    return RecheckQueue(
        sqs=stage.client("sqs"),
        url=stage.stack.sizes[size_name].queue_url,
        originals=stage.stack.originals,
    )


def make_status_reader(stage: Stage) -> StatusReader:
    """Builds the reader of a photo's status at each size."""
    outputs, sizes = stage.stack.outputs, read_deployed(stage.stack)
    return StatusReader(
        s3=stage.client("s3", _MANY_READS),
        sizes=list(sizes.values()),
        originals=stage.stack.originals,
        images_bucket=outputs["ImagesBucketName"],
        failures_bucket=outputs["FailuresBucketName"],
        images_url=stage.images_url,
        expected={
            name: Expected(recipe_id(size), _put_options(stage, name))
            for name, size in sizes.items()
        },
    )


def _put_options(stage: Stage, size_name: str) -> PutOptions:
    environment = stage.stack.sizes[size_name].environment
    acl: Acl | None = "public-read" if "ACL" in environment else None
    return PutOptions(environment["CACHE_CONTROL"], acl)


def make_token_store(stage: Stage) -> TokenStore:
    """Builds the store of a stage's tokens; raises ConfigError if its API takes none."""
    cause = "has no tokens, because its parameter auth is not token"
    secret = _get_secret(stage, "TokensSecretArn", cause)
    return TokenStore(stage.client("secretsmanager"), secret)


def make_signing_keys(stage: Stage) -> SigningKeys:
    """Builds the store of a stage's signing keys; raises ConfigError if it has none."""
    cause = "serves no signed URLs, because its parameter on_demand does not name signed"
    secret = _get_secret(stage, "SigningKeysArn", cause)
    return SigningKeys(stage.client("secretsmanager"), secret)


def make_viewer_keys(stage: Stage) -> ViewerKeyStore:
    """Builds the store of a private stage's viewer keys; ConfigError if it is not private."""
    cause = "shows its images to everyone, because its parameter viewers is not signed"
    secret = _get_secret(stage, "ViewerKeysSecret", cause)
    return ViewerKeyStore(stage.client("secretsmanager"), secret)


def make_viewer_signer(stage: Stage) -> "ViewerSigner":
    """Builds the signer of a private stage's images; ConfigError if it is not private."""
    store = make_viewer_keys(stage)
    # Other commands need not wait for the import.
    from lib.auth.viewer_signatures import ViewerSigner  # noqa: PLC0415

    return ViewerSigner(store.read, json.loads(stage.stack.outputs["ViewerKeyIds"]))


def _get_secret(stage: Stage, output: str, cause: str) -> str:
    if output not in stage.stack.outputs:
        deploy = stage.commands.deploy
        raise ConfigError(
            f"The stage {stage.name} {cause}: set it in serverless.yml, then {deploy}"
        )
    return stage.stack.outputs[output]
