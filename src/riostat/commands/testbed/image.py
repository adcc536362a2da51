"""riostat testbed image."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes
from riostat.commands.testbed.imageoptions import image_options
from riostat.commands.testbed.progress import progress_line
from riostat.core.errors import ImageError
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.testbed.image.specification import ImageSpecification

__all__ = ["command"]


@click.command(name="image")
@image_options
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
    specification: "ImageSpecification",
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
