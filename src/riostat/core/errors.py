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
    ├── StoreError
    │   ├── BucketNotFoundError no bucket has that name
    │   ├── BucketExistsError   a bucket has that name already
    │   ├── BucketNotEmptyError a bucket that is to go has objects
    │   ├── ObjectNotFoundError no object has that key, or the version read is gone
    │   ├── StoreNameError      a bucket or key has a name that cannot be
    │   ├── PreconditionError   the object is not as the caller said it must be
    │   ├── DigestMismatchError what arrived is not what the sender summed up
    │   ├── StoreFullError      no disk has room
    │   ├── StoreBusyError      a queue is full
    │   ├── BlockLostError      no copy of a block reads right
    │   ├── DiskError           a disk is missing, foreign or fails
    │   ├── RefusedRequestError a client's request is refused
    │   └── StoreFormatError    a file of a store is damaged, foreign or hostile
    ├── SwitchError
    │   ├── GuestError          a guest, or its front end, breaks the protocol
    │   ├── PortError           a port cannot be attached, or is not there
    │   └── ConfigurationError  a switch's configuration cannot be used
    ├── ClaimError              a claim cannot be measured, or its verdict kept
    ├── CitationError
    │   ├── DocumentError       a document cannot be read
    │   ├── CitationIndexError  the index of statements cannot be used
    │   ├── WorkNotFoundError   no work, or several, answer to a name
    │   ├── ModelError          a classifier's model is foreign, damaged or hostile
    │   └── LabelError          labels of statements cannot be used
    ├── TestbedError
    │   ├── MissingToolError    this machine lacks a program, a right or a device
    │   ├── PackageError        a package cannot be had, or is damaged
    │   ├── ImageError          an image cannot be made of what was given
    │   ├── MachineError        a guest or host does not start, panics or ends
    │   │   └── MachineTimeoutError   it, or a command inside, is not done in its time
    │   └── NetworkError        a namespace, device or address cannot be made
    └── ConsoleError            the console cannot serve

A message is one sentence: what, the value, the remedy. Misuse of our own code is an
``AssertionError`` and never stands here.
"""

__all__ = [
    "BlockLostError",
    "BucketExistsError",
    "BucketNotEmptyError",
    "BucketNotFoundError",
    "CitationError",
    "CitationIndexError",
    "ClaimError",
    "ConfigurationError",
    "ConsoleError",
    "DigestMismatchError",
    "DiskError",
    "DocumentError",
    "GuestError",
    "ImageError",
    "LabelError",
    "MachineError",
    "MachineTimeoutError",
    "MissingToolError",
    "ModelError",
    "NetworkError",
    "ObjectNotFoundError",
    "PackageError",
    "PortError",
    "PreconditionError",
    "ProfileError",
    "ProfilerError",
    "RefusedRequestError",
    "RiostatError",
    "RunError",
    "RunFormatError",
    "RunFullError",
    "RunNotFoundError",
    "SamplingError",
    "SettingError",
    "StoreBusyError",
    "StoreError",
    "StoreFormatError",
    "StoreFullError",
    "StoreNameError",
    "SwitchError",
    "SymbolError",
    "TestbedError",
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


class StoreError(RiostatError):
    """The store cannot do what was asked."""


class BucketNotFoundError(StoreError):
    """No bucket has that name."""


class BucketExistsError(StoreError):
    """A bucket has that name already."""


class BucketNotEmptyError(StoreError):
    """A bucket that is to be removed still has objects."""


class ObjectNotFoundError(StoreError):
    """No object has that key, or the version that is being read was overwritten or deleted."""


class StoreNameError(StoreError):
    """A bucket or key has a name that the store does not take."""


class PreconditionError(StoreError):
    """The object is not in the state that the caller made a condition."""


class DigestMismatchError(StoreError):
    """What arrived differs in size or digest from what its sender said."""


class StoreFullError(StoreError):
    """No disk has room for the next block."""


class StoreBusyError(StoreError):
    """A queue is full; the same may be asked again later."""


class BlockLostError(StoreError):
    """No copy of a block reads right."""


class DiskError(StoreError):
    """A disk is missing, is not the one that belongs there, or fails."""


class RefusedRequestError(StoreError):
    """A request to one of the store's front ends is refused."""


class StoreFormatError(StoreError):
    """A file of a store is damaged, foreign or hostile."""


class SwitchError(RiostatError):
    """The switch cannot do what was asked."""


class GuestError(SwitchError):
    """A guest, or the front end that speaks for it, breaks the protocol."""


class PortError(SwitchError):
    """A port cannot be attached, or is not there."""


class ConfigurationError(SwitchError):
    """A switch's configuration cannot be used."""


class ClaimError(RiostatError):
    """A claim cannot be measured, or its verdict cannot be kept."""


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


class TestbedError(RiostatError):
    """The testbed cannot do what was asked."""

    __test__ = False  # its name begins as those do that pytest collects


class MissingToolError(TestbedError):
    """This machine lacks a program, a right or a device that is needed."""


class PackageError(TestbedError):
    """A package cannot be had, or what the cache holds of it is damaged."""


class ImageError(TestbedError):
    """An image cannot be made of what was given."""


class MachineError(TestbedError):
    """A guest or a host does not start, panics, hangs, or ends before it was told to."""


class MachineTimeoutError(MachineError):
    """A machine, or a command inside, does not answer or end in its time."""


class NetworkError(TestbedError):
    """A namespace, a device or an address cannot be made."""


class ConsoleError(RiostatError):
    """The console cannot serve."""
