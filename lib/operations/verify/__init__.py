"""Verifies a deployed stage end to end, with photos in a temporary folder."""

from lib.operations.verify import console, failures, on_demand, options, uploads
from lib.operations.verify.cleanup import clean_up
from lib.operations.verify.folders import choose_folder
from lib.operations.verify.steps import Result, Step, Verification
from lib.operations.verify.target import Target, read_features
from lib.operations.verify.web import Web

__all__ = [
    "STEPS",
    "Result",
    "Step",
    "Target",
    "Verification",
    "Web",
    "choose_folder",
    "clean_up",
    "read_features",
]

# `purge` is last: a CDN invalidation takes minutes, in which the other steps run.
STEPS = (
    Step("ticket", uploads.ticket),
    Step("upload", uploads.upload, needs=("ticket",)),
    Step("sizes", uploads.sizes, needs=("upload",)),
    Step("pictures", uploads.pictures, needs=("sizes",)),
    Step("paths", uploads.paths, needs=("sizes",), why_off=uploads.why_no_paths),
    Step(
        "private",
        on_demand.private,
        needs=("sizes",),
        why_off=on_demand.without("private", "viewers: signed"),
    ),
    Step(
        "placeholders",
        options.placeholders,
        needs=("sizes",),
        why_off=options.without_size("placeholder", lambda size: size.placeholder),
    ),
    Step(
        "watermarks",
        options.watermarks,
        needs=("sizes",),
        why_off=options.without_size("watermark", lambda size: size.watermark is not None),
    ),
    Step(
        "focus",
        options.focus,
        needs=("sizes",),
        why_off=options.without_size("position: focus", lambda size: size.has_focus),
    ),
    Step("formats", on_demand.formats, needs=("sizes",), why_off=on_demand.why_no_formats),
    Step("name", uploads.hostile, needs=("sizes",)),
    Step(
        "queries",
        on_demand.queries,
        needs=("sizes",),
        why_off=on_demand.without("queries", "serve_queries"),
    ),
    Step("hints", on_demand.hints, needs=("sizes",), why_off=on_demand.why_no_hints),
    Step(
        "signed",
        on_demand.signed,
        needs=("name",),
        why_off=on_demand.without("signed", "on_demand: signed"),
    ),
    Step("on demand", on_demand.on_demand, needs=("sizes",), why_off=on_demand.why_not_on_demand),
    Step(
        "render", on_demand.render, needs=("sizes",), why_off=on_demand.without("render", "render")
    ),
    Step("console", console.console, why_off=on_demand.without("console", "console")),
    Step("fetch", uploads.fetched, needs=("sizes",), why_off=uploads.why_no_fetch),
    Step("overwrite", uploads.overwrite, needs=("sizes",)),
    Step("delete", uploads.deletion, needs=("name",)),
    Step("dead letter", failures.broken, needs=("sizes",)),
    Step("replay", failures.replay, needs=("dead letter",)),
    Step("purge", uploads.purge, needs=("overwrite", "delete"), why_off=uploads.why_no_purge),
)
