"""Prints a plan: tables and sentences for people, or JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from cli import plan_documents
from cli.plan_advice import describe_load
from cli.terminal import escape, note, print_json, show
from lib.operations.plan.bill import WHOLE_STAGE, Bill, Month
from lib.operations.plan.comparison import Comparison
from lib.operations.plan.load import Load
from lib.operations.plan.prices import REFERENCE_REGION, Prices, service_of
from lib.operations.plan.render_times import WorkerTime, describe_source
from lib.operations.plan.stage import PlannedStage
from lib.operations.plan.wording import format_seconds
from lib.plurals import pluralize

_STAGE_NAME = "the stage"
# From this amount on, cents are noise.
_WHOLE_DOLLARS = 1000


@dataclass(frozen=True)
class PlanOutput:
    """Prints the parts of one plan."""

    stage_name: str
    stage: PlannedStage
    times: Mapping[str, WorkerTime]
    month: Month
    prices: Prices
    as_json: bool

    def show_month(self, bill: Bill, lambda_in_full_batches: float) -> None:
        """Prints the bill of a month, by service and by size."""
        if self.as_json:
            about = plan_documents.make_month(self.stage_name, self.stage, self.times, self.month)
            print_json(about | plan_documents.make_bill_part(bill, lambda_in_full_batches))
            return
        month = self.month
        show(
            f"Stage {self.stage_name} in {self.stage.region}, {self.stage.architecture}, "
            f"{pluralize(len(self.stage.sizes), 'size')}. A month: "
            f"{pluralize(round(month.photos), 'photo')} of {month.photo.megapixels:g} MP "
            f"({month.photo.kind}) and {pluralize(round(month.views), 'view')}, with "
            f"{pluralize(round(month.stored), 'photo')} stored."
        )
        show(self._tabulate_services(bill))
        show(self._tabulate_sizes(bill))
        if month.photos:
            show(
                "If all photos came in bursts, in full batches, Lambda would cost "
                f"{_dollars(lambda_in_full_batches)}."
            )

    def show_load(self, title: str, load: Load) -> None:
        """Prints what a load does to the stage."""
        if self.as_json:
            print_json(plan_documents.make_load(title, load))
            return
        table = Table(
            *("size", "photos/s", "drained after", "longest wait", "at once", "cold starts"),
            "S3's share",
            title=f"{title[0].upper()}{title[1:]}, {load.photos_per_second:,.4g} a second",
            title_justify="left",
        )
        limits = {each.size: each for each in load.limits if each.size}
        for run in load.runs:
            table.add_row(
                run.name,
                f"{limits[run.name].photos_per_second / load.slowdown:,.0f}",
                format_seconds(run.drained_at),
                format_seconds(run.oldest),
                f"{run.peak_concurrency:,.0f}",
                f"{run.cold_starts:,.0f}",
                f"{load.waiting[run.name]:.0%}",
            )
        show(table)
        for sentence in describe_load(load, self.stage):
            show(sentence)

    def show_comparison(self, file: str, comparison: Comparison) -> None:
        """Prints what a change of sizes costs."""
        if self.as_json:
            print_json(plan_documents.make_comparison(file, comparison))
            return
        before, after = comparison.before.by_size(), comparison.after.by_size()
        table = Table("size", "now", "then", "difference", title=f"With {escape(file)}, a month")
        table.title_justify = "left"
        for size in dict.fromkeys([*before, *after]):
            old, new = before.get(size), after.get(size)
            table.add_row(
                size or _STAGE_NAME,
                "" if old is None else _dollars(old),
                "" if new is None else _dollars(new),
                _signed((new or 0) - (old or 0)),
            )
        table.add_section()
        totals = (comparison.before.total, comparison.after.total)
        table.add_row("sum", *map(_dollars, totals), _signed(comparison.difference))
        show(table)
        for size, dollars in comparison.backfills.items():
            show(f"{size}: rendering the stored photos once costs about {_dollars(dollars)} more.")
        for size in comparison.removed:
            show(f"{size}: its stored variants stay, and are paid for, until they are deleted.")

    def show_sources(self) -> None:
        """Prints what the figures rest on."""
        measured = [name for name, time in self.times.items() if time.measured]
        if self.as_json:
            print_json(plan_documents.make_sources(self.prices, measured))
            return
        free = "after" if self.prices.free else "before"
        note(f"AWS's list prices as of {self.prices.date}, {free} the free tier and without tax.")
        if self.prices.assumed:
            services = dict.fromkeys(service_of(unit) for unit in self.prices.assumed)
            note(
                f"{', '.join(services)}: the prices of {REFERENCE_REGION}, since "
                f"lib/operations/plan/prices.yml has none of {self.prices.region}."
            )
        if some := [each.name for each in self.stage.sizes if each.size.is_limited]:
            note(
                f"{', '.join(some)}: planned as if every photo were rendered; paths leave some out."
            )
        estimated = [name for name in self.times if name not in measured]
        if measured:
            note(f"Render times of {', '.join(measured)}: measured in the last seven days.")
        if estimated:
            note(
                f"Render times of {', '.join(estimated)}: from the benchmark "
                f"({describe_source()['Machine']}), for Lambda's share of a core; docs/plan.md."
            )

    def _tabulate_services(self, bill: Bill) -> Table:
        table = Table("service", "a month", "a million photos", title_justify="left")
        for service, dollars in bill.by_service().items():
            table.add_row(service, _dollars(dollars), self._per_million(dollars))
        table.add_section()
        table.add_row("sum", _dollars(bill.total), self._per_million(bill.total))
        return table

    def _per_million(self, dollars: float) -> str:
        return _dollars(dollars / self.month.photos * 1e6) if self.month.photos else ""

    def _tabulate_sizes(self, bill: Bill) -> Table:
        table = Table(
            *("size", "a month", "a million photos", "seconds a photo", "photos an invocation"),
            title_justify="left",
        )
        for size, dollars in bill.by_size().items():
            if size == WHOLE_STAGE:
                continue
            batch = bill.batches.get(size, 1.0)
            table.add_row(
                size,
                _dollars(dollars),
                self._per_million(dollars),
                f"{self.times[size].of_batch(batch) / batch:.3f}",
                f"{batch:.1f}" if size in bill.batches else "",
            )
        shared = bill.by_size()[WHOLE_STAGE]
        table.add_row(_STAGE_NAME, _dollars(shared), self._per_million(shared))
        return table


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount < _WHOLE_DOLLARS else f"${amount:,.0f}"


def _signed(amount: float) -> str:
    return f"{'-' if amount < 0 else '+'}{_dollars(abs(amount))}"
