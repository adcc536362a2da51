"""Names of the functions that samples fell into.

An address of a process lies in a mapping of a file, and an offset in that file belongs to a
function; an address of the kernel belongs to a function at once. In the order in which data
meets them:

- `boot` copies what is only known while a kernel runs: its symbols and its vDSO. The recorder
  calls it, so it imports nothing heavy.
- `symbolizer.Symbolizer` finds the symbols of a mapping or of the kernel, wherever they are.
- `elf`, `functions`, `linkage` and `debugfiles` read them from ELF files, `kernel` from the
  text of /proc/kallsyms.
- `table.SymbolTable` answers addresses with functions, many at a time.
- `cache` keeps tables by build-id, `demangling` makes names readable.

Not here: lines of source code, inlined functions, and code that a process made while it ran.
"""
