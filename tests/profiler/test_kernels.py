"""The compiled decoder, itself as plain Python, and the one in numpy are the same to the bit."""

from collections.abc import Sequence
from dataclasses import fields
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels
from riostat.profiler.callchains import ChainTable, intern_plainly
from riostat.profiler.chunks import Batch
from riostat.profiler.samples import (
    BatchSamples,
    Limits,
    SampleColumns,
    decode_compiled,
    decode_plainly,
)
from tests.profiler import recorded, streams

_LATEST_NS = 900_000


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_kernels("riostat.profiler.kernels", tmp_path_factory.mktemp("kernels"))


def _interpreted(kernels: ModuleType) -> ModuleType:
    """The kernels that are called from outside, as Python runs them."""
    module = ModuleType("interpreted")
    for name in kernels.__all__:
        setattr(module, name, getattr(kernels, name).py_func)
    return module


def _batch(chunks: Sequence[bytes]) -> Batch:
    return Batch([(memoryview(recorded.frame([chunk])), _LATEST_NS) for chunk in chunks])


def _limits(from_ns: int, to_ns: int) -> Limits:
    return Limits(1_000, from_ns, to_ns, {41: 0, 42: 1})


def _assert_same(one: BatchSamples, other: BatchSamples) -> None:
    for field in fields(SampleColumns):
        column = getattr(one.columns, field.name)
        assert column.dtype == getattr(other.columns, field.name).dtype
        assert column.tolist() == getattr(other.columns, field.name).tolist(), field.name
    assert one.sample_words.tolist() == other.sample_words.tolist()
    assert one.side_words.tolist() == other.side_words.tolist()
    assert one.damaged == other.damaged


@given(
    chunks=streams.chunks(),
    bounds=st.tuples(st.integers(0, 1_000_000), st.integers(0, 1_000_000)).map(sorted),
)
def test_all_decoders_give_the_same(
    kernels: ModuleType, chunks: list[bytes], bounds: list[int]
) -> None:
    batch, limits = _batch(chunks), _limits(*bounds)
    plain = decode_plainly(batch, limits)
    _assert_same(plain, decode_compiled(batch, limits, kernels))
    _assert_same(plain, decode_compiled(batch, limits, _interpreted(kernels)))


@given(chunks=streams.chunks())
def test_all_interners_give_the_same(kernels: ModuleType, chunks: list[bytes]) -> None:
    batch = _batch(chunks)
    samples = decode_plainly(batch, _limits(0, 1 << 63)).sample_words
    stacks, *chains = intern_plainly([(batch.words, samples)])
    for code in (kernels, _interpreted(kernels)):
        table = ChainTable(code)
        with np.errstate(over="ignore"):  # hashes wrap round, and numpy's scalars warn of that
            assert table.intern(batch.words, samples).tolist() == stacks.tolist()
        _assert_equal(table.chains(), chains)


def _assert_equal(
    some: Sequence[NDArray[np.generic]], others: Sequence[NDArray[np.generic]]
) -> None:
    for one, other in zip(some, others, strict=True):
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


@given(chunks=streams.chunks(), cut=st.integers(0, 40))
def test_chains_keep_their_ids_over_batches(
    kernels: ModuleType, chunks: list[bytes], cut: int
) -> None:
    batch = _batch(chunks)
    samples = decode_plainly(batch, _limits(0, 1 << 63)).sample_words
    table = ChainTable(kernels)
    parts = [table.intern(batch.words, part) for part in (samples[:cut], samples[cut:])]
    stacks, *chains = intern_plainly([(batch.words, samples)])
    assert np.concatenate(parts).tolist() == stacks.tolist()
    _assert_equal(table.chains(), chains)


def test_the_table_of_chains_grows(kernels: ModuleType) -> None:
    many = [recorded.sample(5_000, chain=(7, n, n % 5)) for n in range(20_000)]
    deep = [recorded.sample(5_000, chain=[n] * 8_000) for n in range(40)]
    batch = _batch([b"".join(many + deep + many[::-1])])
    samples = decode_plainly(batch, _limits(0, 1 << 63)).sample_words
    stacks, *chains = intern_plainly([(batch.words, samples)])
    table = ChainTable(kernels)
    assert table.intern(batch.words, samples).tolist() == stacks.tolist()
    _assert_equal(table.chains(), chains)
    assert len(chains[0]) == 20_041


def test_chains_that_differ_in_their_last_frame_alone_are_two(kernels: ModuleType) -> None:
    chains = [(1, 2, 3), (1, 2, 4), (1, 2), (1, 2, 3)]
    batch = _batch([b"".join(recorded.sample(5_000, chain=chain) for chain in chains)])
    samples = decode_plainly(batch, _limits(0, 1 << 63)).sample_words
    assert ChainTable(kernels).intern(batch.words, samples).tolist() == [0, 1, 2, 0]
