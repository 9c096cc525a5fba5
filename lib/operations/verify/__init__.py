"""Verifies a deployed stage end to end, with photos in a temporary folder."""

from lib.operations.verify import console, failures, on_demand, options, uploads
from lib.operations.verify.steps import Step, without

# `purge` is last: a CDN invalidation takes minutes, in which the other steps run.
STEPS = (
    Step("ticket", uploads.ticket, needs=()),
    Step("upload", uploads.upload, needs=("ticket",)),
    Step("sizes", uploads.sizes, needs=("upload",)),
    Step("pictures", uploads.pictures),
    Step("paths", uploads.paths, why_off=uploads.why_no_paths),
    Step("private", on_demand.private, why_off=without("private", "viewers: signed")),
    Step("placeholders", options.placeholders, why_off=options.why_no_placeholders),
    Step("watermarks", options.watermarks, why_off=options.why_no_watermarks),
    Step("focus", options.focus, why_off=options.why_no_focus),
    Step("formats", on_demand.formats, why_off=on_demand.why_no_formats),
    Step("name", uploads.odd_name),
    Step("queries", on_demand.queries, why_off=without("queries", "serve_queries")),
    Step("hints", on_demand.hints, why_off=on_demand.why_no_hints),
    Step("signed", on_demand.signed, ("name",), without("signed", "on_demand: signed")),
    Step("on demand", on_demand.on_demand, why_off=on_demand.why_not_on_demand),
    Step("render", on_demand.render, why_off=without("render", "render")),
    Step("console", console.console, (), without("console", "console")),
    Step("fetch", uploads.fetched, why_off=uploads.why_no_fetch),
    Step("overwrite", uploads.overwrite),
    Step("delete", uploads.deletion, needs=("name",)),
    Step("dead letter", failures.broken),
    Step("replay", failures.replay, needs=("dead letter",)),
    Step("purge", uploads.purge, ("overwrite", "delete"), uploads.why_no_purge),
)
