"""A report as JSON and as rows of a table: `report` prints one, `top` one after another."""

from riostat.commands.profile.table import percent
from riostat.profiler.profile import Profile
from riostat.profiler.report import Rate, Report, Row

__all__ = ["report_object", "report_table"]


def report_object(profile: Profile, report: Report, rate: Rate | None = None) -> dict[str, object]:
    """Return the JSON object of a report."""
    result: dict[str, object] = {
        "event": profile.event,
        "samples": len(profile.weights),
        "lost": profile.lost,
        "seconds": profile.seconds,
        "cpus": len(profile.cpus),
        "frequency_hz": profile.frequency_hz,
        "idle_seconds": profile.idle_seconds,
        "notes": list(profile.notes),
        "rows": [_row_object(report, row, rate) for row in report.rows],
    }
    if rate is not None:
        result["cost"] = {"per": rate.unit, "unit": rate.name}
    if report.rest is not None:
        result["rest"] = {"rows": report.rest_rows, **_row_object(report, report.rest, rate)}
    return result


def _row_object(report: Report, row: Row, rate: Rate | None) -> dict[str, object]:
    # The rest has no values of its own.
    keys: dict[str, object] = dict(zip(report.keys, row.values, strict=False))
    keys |= {"samples": row.samples, "share": row.share, "low": row.low, "high": row.high}
    return keys if rate is None else keys | {"cost": row.weight * rate.scale}


def report_table(
    report: Report, rate: Rate | None = None
) -> tuple[list[str], list[list[str]], int]:
    """Return the head and the rows of a report's table, and how many columns are numbers."""
    head = ["share %", "95 % interval", "samples"]
    if rate is not None:
        head.append(f"{rate.name} per {rate.unit}")
    rows = []
    for row in (*report.rows, *(() if report.rest is None else (report.rest,))):
        interval = f"{percent(row.low)} .. {percent(row.high)}"
        cost = [] if rate is None else [f"{row.weight * rate.scale:,.4g}"]
        values = row.values
        if row is report.rest:
            values = (f"[{report.rest_rows} more]",) + ("",) * (len(report.keys) - 1)
        rows.append([percent(row.share), interval, f"{row.samples:,}", *cost, *values])
    return [*head, *report.keys], rows, len(head)
