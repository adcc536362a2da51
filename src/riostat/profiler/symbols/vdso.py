"""The functions of the vDSO, the code that the kernel maps into every process."""

from riostat.core.errors import SymbolError
from riostat.profiler.symbols.elf import ElfFile, SectionType, image_reader
from riostat.profiler.symbols.functions import read_functions, table_of_functions
from riostat.profiler.symbols.table import SymbolTable

__all__ = ["VDSO", "vdso_table"]

VDSO = "[vdso]"


def vdso_table(image: bytes) -> SymbolTable:
    """Return the table of a vDSO's image, by offset into its mapping."""
    try:
        elf = ElfFile(image_reader(image), VDSO)
        functions = read_functions(elf, SectionType.SYMTAB) + read_functions(
            elf, SectionType.DYNSYM
        )
        return table_of_functions(VDSO, "vdso", functions, elf)
    except SymbolError as error:
        return SymbolTable.empty(VDSO, str(error))
