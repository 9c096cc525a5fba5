"""Stages to plan for, without a template."""

from dataclasses import replace
from typing import Any

from lib.operations.plan.render_times import Photo, WorkerTime, estimate_worker_time
from lib.operations.plan.stage import PlannedSize, PlannedStage
from lib.sizes import Size

PHOTO = Photo(12)


def a_size(name: str = "800x600", **changes: Any) -> PlannedSize:
    size = Size(name=name, width=800, height=600)
    plain = PlannedSize(size=size, memory=1769, batch_size=10, max_concurrency=10)
    return replace(plain, **changes)


def a_stage(*sizes: PlannedSize, **changes: Any) -> PlannedStage:
    return replace(PlannedStage(region="us-east-1", sizes=list(sizes) or [a_size()]), **changes)


def times_of(stage: PlannedStage) -> dict[str, WorkerTime]:
    return {each.name: estimate_worker_time(each.size, each.memory, PHOTO) for each in stage.sizes}
