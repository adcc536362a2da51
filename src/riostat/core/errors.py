"""Every error that riostat raises for the state of the world.

::

    RiostatError
    ├── SettingError            a setting has a value that cannot be used
    ├── RunError
    │   ├── RunNotFoundError    no run, or several, answer to a reference
    │   ├── RunFormatError      a run's file is foreign, damaged or hostile
    │   └── RunFullError        the disk or a quota is full
    ├── ProfilerError
    │   ├── SamplingError       the kernel refuses to sample
    │   ├── SymbolError         a symbol source cannot be used
    │   └── ProfileError        a recording cannot answer what was asked
    ├── CitationError
    │   ├── DocumentError       a document cannot be read
    │   ├── CitationIndexError  the index of statements cannot be used
    │   ├── WorkNotFoundError   no work, or several, answer to a name
    │   ├── ModelError          a classifier's model is foreign, damaged or hostile
    │   └── LabelError          labels of statements cannot be used
    └── ConsoleError            the console cannot serve

A message is one sentence: what, the value, the remedy. Misuse of our own code is an
``AssertionError`` and never stands here.
"""

__all__ = [
    "CitationError",
    "CitationIndexError",
    "ConsoleError",
    "DocumentError",
    "LabelError",
    "ModelError",
    "ProfileError",
    "ProfilerError",
    "RiostatError",
    "RunError",
    "RunFormatError",
    "RunFullError",
    "RunNotFoundError",
    "SamplingError",
    "SettingError",
    "SymbolError",
    "WorkNotFoundError",
]


class RiostatError(Exception):
    """The world is not as riostat needs it; the message is one sentence for a person."""


class SettingError(RiostatError):
    """A setting has a value that cannot be used."""


class RunError(RiostatError):
    """A run cannot be found, read or written."""


class RunNotFoundError(RunError):
    """No run, or more than one, answers to a reference."""


class RunFormatError(RunError):
    """A run's file is not what it says it is."""


class RunFullError(RunError):
    """The disk, a quota or a size limit leaves no room for the next frame."""


class ProfilerError(RiostatError):
    """The profiler cannot do what was asked."""


class SamplingError(ProfilerError):
    """The kernel refuses to sample."""


class SymbolError(ProfilerError):
    """A source of symbols cannot be used."""


class ProfileError(ProfilerError):
    """A recording cannot answer what was asked of it."""


class CitationError(RiostatError):
    """Documents, statements or their classification cannot be used."""


class ModelError(CitationError):
    """A classifier's model is foreign, damaged or hostile."""


class LabelError(CitationError):
    """Labels of statements cannot be used, or what is needed to learn from them is missing."""


class CitationIndexError(CitationError):
    """The index of statements is missing, damaged, in use, or of another version."""


class WorkNotFoundError(CitationError):
    """No work of the index, or more than one, answers to a name."""


class DocumentError(CitationError):
    """A document is damaged, hostile, or of no format that is read."""


class ConsoleError(RiostatError):
    """The console cannot serve."""
