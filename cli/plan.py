"""`fanout plan`: what a stage will cost, and how it behaves under load; without AWS."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from cli.compiled import ParameterOption, RegionOption, compile_stage
from cli.plan_options import (
    MONTH_HOURS,
    check_options,
    check_sizes_file,
    find_prices,
    number_option,
    read_hours,
)
from cli.plan_output import PlanOutput
from cli.stage import JsonOption, Stage
from cli.terminal import note, progress
from lib.operations.plan.arrivals import Arrivals, make_burst
from lib.operations.plan.aws_limits import ACCOUNT_CONCURRENCY, S3_WRITES_PER_SECOND
from lib.operations.plan.bill import Bill, Month, make_bill
from lib.operations.plan.comparison import compare as compare_bills
from lib.operations.plan.load import Load, plan_load
from lib.operations.plan.measured import read_measured_times
from lib.operations.plan.picture import draw
from lib.operations.plan.render_times import Photo, PhotoKind, WorkerTime, estimate_worker_time
from lib.operations.plan.stage import PlannedStage, read_stage
from lib.operations.plan.wording import format_things

_HOUR = 3600
# Uploads of an hour that fill every batch.
_FULL_BATCHES = 1e12
_MAX_MEGAPIXELS = 1000.0


@dataclass(frozen=True)
class _Source:
    """Source of the planned stage: this project, or with `deployed` its stack."""

    name: str
    region: str | None
    parameters: list[str]
    deployed: bool

    @cached_property
    def target(self) -> Stage:
        return Stage(self.name, self.region)

    def read(self) -> PlannedStage:
        """Returns the stage as deployed, or as the next deploy makes it."""
        if not self.deployed:
            return self.compile()
        return read_stage(self.target.template, self.target.region)

    def compile(self, sizes_file: Path | None = None) -> PlannedStage:
        """Returns the stage as the next deploy makes it, with the sizes of another file."""
        parameters = [*self.parameters]
        if sizes_file:
            parameters.append(f"sizes_file={sizes_file.resolve()}")
        compiled = compile_stage(self.name, self.region, parameters)
        return read_stage(compiled.template, compiled.region)

    def find_times(self, stage: PlannedStage, photo: Photo) -> dict[str, WorkerTime]:
        """Returns each size's time: measured if it is deployed, else estimated."""
        estimated = _estimate_times(stage, photo)
        if not self.deployed:
            return estimated
        cloudwatch = self.target.client("cloudwatch")
        return estimated | read_measured_times(cloudwatch, self.target.prefix, stage.sizes)


def _estimate_times(stage: PlannedStage, photo: Photo) -> dict[str, WorkerTime]:
    return {each.name: estimate_worker_time(each.size, each.memory, photo) for each in stage.sizes}


def plan(
    *,
    stage: Annotated[str, typer.Option("--stage", help="The stage whose parameters count")] = "dev",
    photos: Annotated[
        float | None, number_option("--photos", text="Uploads a month; 1M by default")
    ] = None,
    megapixels: Annotated[
        float, typer.Option(min=0.01, max=_MAX_MEGAPIXELS, help="Megapixels of a photo")
    ] = 12,
    kind: Annotated[PhotoKind, typer.Option(help="Kind of the photos")] = "jpeg",
    views: Annotated[float, number_option("--views", text="Views of images a month")] = 0,
    stored: Annotated[
        float | None,
        number_option("--stored", text="Photos that are stored; those of one month by default"),
    ] = None,
    replaced: Annotated[
        float,
        number_option("--replaced", text="Uploads a month to paths that have a photo"),
    ] = 0,
    uploads: Annotated[
        Path | None,
        typer.Option(help="CSV file with the uploads of each hour, instead of --photos"),
    ] = None,
    burst: Annotated[
        list[float] | None,
        number_option("--burst", text="Photos that arrive at once; repeat it for more"),
    ] = None,
    rate: Annotated[
        float,
        number_option("--rate", text="Uploads a second of a burst; by default what S3 takes"),
    ] = S3_WRITES_PER_SECOND,
    account_concurrency: Annotated[
        int, typer.Option(min=1, help="Concurrent executions that the account may have")
    ] = ACCOUNT_CONCURRENCY,
    deployed: Annotated[
        bool,
        typer.Option("--deployed", help="The stage as deployed, with its measured render times"),
    ] = False,
    compare: Annotated[
        Path | None, typer.Option(help="Another sizes.yml: what the change costs")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="SVG file to draw backlog and age of the largest load in")
    ] = None,
    free_tier: Annotated[
        bool, typer.Option("--free-tier", help="Subtract what AWS does not charge an account")
    ] = False,
    param: ParameterOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a stage will cost, and how it behaves under load.

    Reads sizes.yml and serverless.yml as a deploy does, without calls to AWS.

    Example: ./fanout plan --stage prod --photos 1M --views 20M --burst 1M
    """
    photo = Photo(megapixels, kind)
    hours = read_hours(uploads, photos)
    check_options(rate, burst, picture, uploads, deployed=deployed, param=param)
    other = check_sizes_file(compare) if compare else None
    source = _Source(stage, region, param or [], deployed)
    planned = _read(source, as_json=as_json)
    prices = find_prices(planned.region, free_tier=free_tier)
    times = source.find_times(planned, photo)
    month = _make_month(photo, hours, views, stored, replaced)
    output = PlanOutput(stage, planned, times, month, prices, as_json=as_json)
    bill = make_bill(planned, times, month, prices)
    batched = replace(month, hours=[_FULL_BATCHES], repeated=month.photos / _FULL_BATCHES)
    in_full_batches = make_bill(planned, times, batched, prices)
    output.show_month(bill, in_full_batches.by_service().get("Lambda", 0.0))
    loads = _plan_loads(
        planned,
        times,
        hours=hours if uploads else None,
        bursts=burst,
        rate=rate,
        account_concurrency=account_concurrency,
    )
    for title, load in loads.items():
        output.show_load(title, load)
    if other:
        _compare(source, other, (planned, bill), month, output, as_json=as_json)
    if picture:
        _draw(picture, stage, loads)
    output.show_sources()


def _read(source: _Source, *, as_json: bool) -> PlannedStage:
    with progress(as_json=as_json) as bar:
        bar.add_task(
            "Reading the deployed template" if source.deployed else "Compiling the template",
            total=None,
        )
        return source.read()


def _make_month(
    photo: Photo, hours: list[float], views: float, stored: float | None, replaced: float
) -> Month:
    month = Month(photo, hours, views, 0, replaced, MONTH_HOURS / len(hours))
    return replace(month, stored=month.photos if stored is None else stored)


def _plan_loads(
    planned: PlannedStage,
    times: dict[str, WorkerTime],
    *,
    hours: list[float] | None,
    bursts: list[float] | None,
    rate: float,
    account_concurrency: int,
) -> dict[str, Load]:
    """Plans the file's hours and each burst, by their titles."""
    arrivals = {}
    if hours:
        arrivals[f"the {len(hours):,} hours of the file"] = Arrivals(
            (_HOUR, each) for each in hours
        )
    for photos in bursts or ():
        arrivals[f"a burst of {format_things(photos, 'photo')}"] = make_burst(photos, rate)
    return {
        title: plan_load(planned, times, each, account_concurrency)
        for title, each in arrivals.items()
    }


def _compare(
    source: _Source,
    other: Path,
    before: tuple[PlannedStage, Bill],
    month: Month,
    output: PlanOutput,
    *,
    as_json: bool,
) -> None:
    with progress(as_json=as_json) as bar:
        bar.add_task("Compiling the template with the other sizes", total=None)
        stage = source.compile(other)
    # Sizes that change have no measured time.
    known = {each.name: output.times[each.name] for each in stage.sizes if each in before[0].sizes}
    times = _estimate_times(stage, month.photo) | known
    bill = make_bill(stage, times, month, output.prices)
    output.show_comparison(str(other), compare_bills(before, (stage, bill), times, month.stored))


def _draw(file: Path, stage: str, loads: dict[str, Load]) -> None:
    title, load = max(loads.items(), key=lambda item: item[1].drained_at)
    try:
        file.write_text(draw(f"Stage {stage}: {title}", load.runs), encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"{file}: cannot be written: {error.strerror}", param_hint="--picture"
        ) from error
    note(f"Drawn in {file}")
