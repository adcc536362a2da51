"""riostat testbed image."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes
from riostat.commands.testbed.progress import progress_line
from riostat.core.errors import ImageError
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.testbed.image.specification import ImageSpecification

__all__ = ["command"]


@click.command(name="image")
@click.option(
    "--kernel",
    metavar="NAME",
    default="6.1-cloud",
    show_default=True,
    help="Kernel: 6.1-cloud, 6.12-cloud, or 6.1 with drivers of real machines and for Xen.",
)
@click.option(
    "--python/--busybox", "python", default=True, help="With Python [default], or with a shell."
)
@click.option(
    "--module",
    "modules",
    metavar="NAME",
    multiple=True,
    help="Kernel module to load beside those of QEMU's devices, with what it depends on.",
)
@click.option(
    "--add",
    "added",
    metavar="FILE:PATH",
    multiple=True,
    help="File of this machine, and its place in the guest; a program brings its libraries.",
)
@click.option(
    "--packages",
    "sets",
    metavar="SET",
    multiple=True,
    help="Set of packages, of `riostat testbed packages`, in which --program is looked for.",
)
@click.option(
    "--program",
    "programs",
    metavar="FILE[:PATH]",
    multiple=True,
    help="File of the packages, such as usr/bin/iperf3, with its libraries.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for the files vmlinux and initramfs, which is made.",
)
@json_option
@settings_options("testbed")
def command(
    settings: Settings,
    *,
    kernel: str,
    python: bool,
    modules: tuple[str, ...],
    added: tuple[str, ...],
    sets: tuple[str, ...],
    programs: tuple[str, ...],
    output: Path,
    as_json: bool,
) -> None:
    """Write a kernel and an initramfs, for a QEMU of one's own.

    The same packages and files make the same bytes. The kernel is not compressed, so that QEMU
    starts it directly; give it with -kernel, and the other with -initrd.
    """
    from riostat.testbed.folders import CacheFolder
    from riostat.testbed.image.image import make_image
    from riostat.testbed.packages.cache import PackageCache

    specification = _specification(
        kernel, sets, (*map(_added, added), *map(_program, programs)), modules, python=python
    )
    cache = CacheFolder(settings.testbed)
    with progress_line() as progress:
        packages = PackageCache(cache.packages, progress=progress)
        image = make_image(specification, cache, packages=packages)
    written = {"vmlinux": image.kernel, "initramfs": image.initramfs}
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, path in written.items():
            shutil.copyfile(path, output / name)
    except OSError as error:
        raise ImageError(
            f"The image cannot be written to {output} ({error.strerror}); choose another place."
        ) from error
    if as_json:
        files = {name: str(output / name) for name in written}
        click.echo(json.dumps({"key": image.key, **files}))
        return
    sizes = " and ".join(
        f"{output / name} ({show_bytes(path.stat().st_size)})" for name, path in written.items()
    )
    click.echo(f"wrote {sizes}", err=True)


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
