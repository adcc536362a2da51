"""What is known of a kernel only while it runs: its symbols and its vDSO, copied for later.

The copies are raw and named by the boot, so that a recording can be read after the machine was
started anew. On the recording path: nothing here imports numpy or decodes anything.
"""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from riostat.core.text import printable
from riostat.core.wholefile import write_whole

__all__ = [
    "KALLSYMS",
    "copied_symbols",
    "copied_vdso",
    "hidden_symbols",
    "is_boot_id",
    "save_kernel_symbols",
    "this_boot",
    "vdso_image",
]

KALLSYMS = Path("/proc/kallsyms")
_MODULES = Path("/proc/modules")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_ID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VDSO_SIZE_MAX = 1 << 20


def save_kernel_symbols(cache: Path) -> str | None:
    """Copy the running kernel's symbols and vDSO into `cache`, unless they are there.

    The symbols are copied anew when modules were loaded since. Returns None, or one sentence
    that says why the kernel's functions will have no names.
    """
    try:
        boot = this_boot()
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not copied_vdso(cache, boot).exists():
            write_whole(copied_vdso(cache, boot), vdso_image())
        return _save_symbols(cache, boot)
    except OSError as error:
        return (
            f"The kernel's symbols cannot be saved in {printable(str(cache))} ({error.strerror}); "
            "free space or choose another place with --data."
        )


def _save_symbols(cache: Path, boot: str) -> str | None:
    symbols, modules = copied_symbols(cache, boot), cache / f"boot-{boot}.modules"
    loaded = _loaded_modules()
    with suppress(FileNotFoundError):
        if symbols.exists() and modules.read_bytes() == loaded:
            return None
    text = KALLSYMS.read_bytes()
    reason = hidden_symbols(text)
    if reason is None:
        write_whole(symbols, text)
        write_whole(modules, loaded)
    return reason


def _loaded_modules() -> bytes:
    """One line a module, its name and its address: what else stands there changes all the time."""
    try:
        lines = _MODULES.read_bytes().splitlines()
    except FileNotFoundError:  # a kernel without modules
        return b""
    fields = [line.split() for line in lines]
    return b"".join(sorted(b"%b %b\n" % (words[0], words[-1]) for words in fields if words))


def hidden_symbols(text: bytes) -> str | None:
    """Return why a text of /proc/kallsyms names nothing, or None when it does."""
    if not text:
        return "The kernel shows no symbols; it was built without CONFIG_KALLSYMS."
    # Addresses of data may be zero on their own, those of code are so only when hidden.
    function = re.search(rb"^([0-9a-f]+) [Tt] ", text, re.MULTILINE)
    if function is None or function[1].strip(b"0"):
        return None
    return (
        "The kernel hides the addresses of its symbols; run as root, or "
        "`sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1`."
    )


@cache
def this_boot() -> str:
    """Return the id that the kernel gave this boot."""
    return _BOOT_ID.read_text().strip()


def is_boot_id(text: str) -> bool:
    """Tell whether a recorded boot id has the form of one, and may be part of a file's name."""
    return _BOOT_ID_FORM.fullmatch(text) is not None


def copied_symbols(cache: Path, boot: str) -> Path:
    """Return where the text of /proc/kallsyms of a boot is kept."""
    return cache / f"boot-{boot}.kallsyms"


def copied_vdso(cache: Path, boot: str) -> Path:
    """Return where the vDSO of a boot is kept."""
    return cache / f"boot-{boot}.vdso"


def vdso_image() -> bytes:
    """Return the ELF image of the vDSO that the kernel mapped into this process.

    Every 64-bit process of one boot has the same one. Empty on a kernel that maps none.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            with Path("/proc/self/mem").open("rb", buffering=0) as memory:
                memory.seek(start)
                return memory.read(min(end - start, _VDSO_SIZE_MAX))
    return b""
