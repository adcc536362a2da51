"""Options that say what the image of a guest is made of."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from riostat.testbed.image.specification import ImageSpecification

__all__ = ["image_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--kernel",
        metavar="NAME",
        default="6.1-cloud",
        show_default=True,
        help="Kernel: 6.1-cloud, 6.12-cloud, or 6.1 with drivers of real machines and for Xen.",
    ),
    click.option(
        "--python/--busybox", "python", default=True, help="With Python [default], or with a shell."
    ),
    click.option(
        "--module",
        "modules",
        metavar="NAME",
        multiple=True,
        help="Kernel module to load beside those of QEMU's devices, with what it depends on.",
    ),
    click.option(
        "--add",
        "added",
        metavar="FILE:PATH",
        multiple=True,
        help="File of this machine, and its place in the guest; a program brings its libraries.",
    ),
    click.option(
        "--packages",
        "sets",
        metavar="SET",
        multiple=True,
        help="Set of packages, of `riostat testbed packages`, in which --program is looked for.",
    ),
    click.option(
        "--program",
        "programs",
        metavar="FILE[:PATH]",
        multiple=True,
        help="File of the packages, such as usr/bin/iperf3, with its libraries.",
    ),
)


def image_options(command: Command) -> Callable[..., Any]:
    """Give a command the options of images; it is called with the `specification`."""

    @wraps(command)
    def with_specification(
        *,
        kernel: str,
        python: bool,
        modules: tuple[str, ...],
        added: tuple[str, ...],
        sets: tuple[str, ...],
        programs: tuple[str, ...],
        **arguments: Any,
    ) -> Any:
        within = (*map(_added, added), *map(_program, programs))
        specification = _specification(kernel, sets, within, modules, python=python)
        return command(specification=specification, **arguments)

    decorated: Callable[..., Any] = with_specification
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _specification(
    kernel: str,
    sets: tuple[str, ...],
    programs: tuple[tuple[str, str], ...],
    modules: tuple[str, ...],
    *,
    python: bool,
) -> "ImageSpecification":
    from riostat.testbed.image.specification import GUEST_MODULES, ImageSpecification
    from riostat.testbed.packages.sets import PACKAGE_SETS

    for name in sets:
        if name not in PACKAGE_SETS:
            raise click.BadParameter(
                f"{name!r} is none of {', '.join(PACKAGE_SETS)}.", param_hint="--packages"
            )
    return ImageSpecification(
        kernel=kernel,
        python=python,
        modules=(*GUEST_MODULES, *modules),
        packages=tuple(PACKAGE_SETS[name] for name in sets),
        programs=programs,
    )


def _added(text: str) -> tuple[str, str]:
    source, colon, path = text.rpartition(":")
    if not (source and colon and path):
        raise click.BadParameter(f"{text!r} is no FILE:PATH.", param_hint="--add")
    return str(Path(source).absolute()), path


def _program(text: str) -> tuple[str, str]:
    source, _, path = text.partition(":")
    return source.lstrip("/"), path
