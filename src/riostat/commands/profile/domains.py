"""riostat profile domains."""

import json

import click

from riostat.commands.options import json_option
from riostat.profiler.capability import Capability, probe

__all__ = ["command"]


@click.command(name="domains")
@json_option
def command(*, as_json: bool) -> None:
    """Say which domains can be sampled here, by which events, and what is missing."""
    capability = probe()
    if as_json:
        click.echo(json.dumps(_result(capability)))
        return
    for domain in capability.domains:
        click.echo(f"{domain.domain.name} ({domain.domain.kind})")
        click.echo(f"  samples {', '.join(domain.sampling) or 'nothing'}")
        for sentence in domain.missing:
            click.echo(f"  {sentence}")


def _result(capability: Capability) -> dict[str, object]:
    return {
        "domains": [
            {
                "name": domain.domain.name,
                "kind": domain.domain.kind,
                "sampling": domain.sampling,
                "missing": domain.missing,
            }
            for domain in capability.domains
        ],
        "pmu": capability.pmu,
        "every_cpu": capability.every_cpu,
        "kernel": capability.kernel,
        "kernel_names": capability.kernel_names,
        "perf_event_paranoid": capability.paranoid,
        "kptr_restrict": capability.kptr_restrict,
    }
