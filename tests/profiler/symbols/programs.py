"""Small programs, built and examined with the tools that the tests compare with."""

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["SOURCE", "build", "require", "run"]

_PACKAGES = {
    "gcc": "gcc",
    "nm": "binutils",
    "objcopy": "binutils",
    "objdump": "binutils",
    "readelf": "binutils",
    "strip": "binutils",
    "c++filt": "binutils",
    "perf": "linux-perf",
}

SOURCE = """
int puts(const char *);
static int inner(int x) { return x * 3 + 1; }
int outer(int x) { return inner(x) + inner(x + 1); }
__attribute__((weak)) int weakling(int x) { return x; }
int twin(int x) __attribute__((alias("outer")));
__asm__(".text\\n.globl bare\\nbare:\\n  ret\\n.Lhidden:\\n  ret\\n");
__asm__(".globl sized\\n.type sized,@function\\nsized: nop\\nplace: ret\\n.size sized,.-sized\\n");
int main(int argc, char **argv) { puts("x"); return outer(argc) + weakling(1); }
"""


def require(*programs: str) -> None:
    """Skip the test where a program is missing, and say which package has it."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: install {_PACKAGES[program]}")


def run(*command: str | Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def build(directory: Path, *flags: str, source: str = SOURCE, name: str = "program") -> Path:
    """Compile a C source into a program with a build-id."""
    require("gcc")
    text, program = directory / f"{name}.c", directory / name
    text.write_text(source)
    run("gcc", "-O1", "-Wl,--build-id", *flags, text, "-o", program)
    return program
