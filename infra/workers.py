"""A size's worker function, and its role with access to its own queue and folders only."""

from infra import functions
from infra.naming import (
    FAILURES_BUCKET,
    IMAGES_BUCKET,
    RECIPE_TAG,
    WORKER,
    allow,
    arn,
    logical_id,
    ref,
    sub,
)
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.parameters import Parameters
from infra.queue_settings import BATCH_SIZE, BATCH_WINDOW, MAX_RECEIVE_COUNT
from infra.rekognition import analyzer_settings, analyzer_statements
from lib.errors import ConfigError
from lib.sizes import Size, recipe_id

# Lambda's limit on a function's name.
_MAX_NAME = 64


def worker(size: Size, parameters: Parameters) -> functions.Part:
    """Builds a size's worker and its role."""
    queue, dlq, role = (logical_id(kind, size) for kind in ("Queue", "Dlq", "RoleOfResize"))
    key = f"resize-{size.name}"
    name = f"{parameters.prefix}-{key}"
    _require_length(name, size)
    queue_settings = parameters.queue_settings
    settings = functions.allocator(size) | {
        "SIZE": size.model_dump_json(),
        "QUEUE_URL": ref(queue),
        "DLQ_URL": ref(dlq),
        "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
        "RESERVE_SECONDS": str(queue_settings.reserved_seconds),
        "LANDING_SECONDS": str(queue_settings.write_grace_seconds),
        "VISIBILITY_SECONDS": str(queue_settings.visibility),
        **originals_settings(parameters),
        "IMAGES_BUCKET": ref("ImagesBucket"),
        "FAILURES_BUCKET": ref("FailuresBucket"),
        "CACHE_CONTROL": parameters.caching.build_header(size),
        **analyzer_settings(parameters, [size]),
        **functions.writer_settings(parameters),
    }
    if parameters.purges and parameters.serves_signed:
        settings["SERVE_SIGNED"] = "true"
    function = {
        "name": name,
        "description": f"Renders every photo at {size.name}",
        "handler": WORKER,
        "tags": {RECIPE_TAG: recipe_id(size)},
        "role": arn(role),
        "memorySize": size.memory,
        "timeout": queue_settings.timeout,
        "environment": settings,
        "events": functions.sqs_events(
            queue,
            BATCH_SIZE,
            queue_settings.max_concurrency,
            maximumBatchingWindow=BATCH_WINDOW,
        ),
    }
    statements = [
        functions.allow_consume(queue),
        # Its own queue: a message never begun in all of its receives is sent there again.
        allow(
            ["sqs:SendMessage"],
            [arn(each) for each in (queue, dlq, *[functions.PURGE_QUEUE] * parameters.purges)],
        ),
        allow_originals(parameters, "s3:GetObject"),
        allow(
            functions.writer_actions(parameters),
            [sub(f"{IMAGES_BUCKET}/{folder}/*") for folder in size.folders],
        ),
        allow(["s3:PutObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/{size.name}/*")),
        # With s3:ListBucket, S3 answers 404 for a missing object; without it 403, which a mistake
        # in a policy would cause too.
        allow_list_originals(parameters),
        functions.allow_list(IMAGES_BUCKET, [f"{folder}/" for folder in size.folders]),
        *analyzer_statements(parameters, [size]),
    ]
    return functions.Part(
        {key: function},
        {role: functions.build_role(parameters, "resize", *statements, log=name)},
    )


def _require_length(name: str, size: Size) -> None:
    """Raises ConfigError if the name of a size's function is too long for Lambda."""
    if len(name) > _MAX_NAME:
        longest = _MAX_NAME - len(name) + len(size.name)
        raise ConfigError(
            f"name: its function would be called {name!r}, which has "
            f"{len(name)} characters; Lambda takes {_MAX_NAME}, so on this stage a size's "
            f"name may have {longest}"
        )
