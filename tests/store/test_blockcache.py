"""The cache of blocks: bounded, the least recently used go first."""

from riostat.store.blockcache import BLOCK_OVERHEAD, BlockCache


def block(byte: int, length: int = 10) -> memoryview:
    return memoryview(bytes([byte]) * length)


def test_the_least_recently_used_goes() -> None:
    cache = BlockCache(3 * (BLOCK_OVERHEAD + 10))
    for number in range(3):
        cache.put("v", number, block(number))
    assert cache.get("v", 0) == block(0)
    cache.put("v", 3, block(3))
    assert cache.get("v", 1) is None
    assert [cache.get("v", n) for n in (0, 2, 3)] == [block(0), block(2), block(3)]
    assert (cache.hits, cache.misses) == (4, 1)


def test_a_block_is_kept_once_and_none_that_is_too_large() -> None:
    cache = BlockCache(3 * (BLOCK_OVERHEAD + 10))
    cache.put("v", 0, block(0))
    cache.put("v", 0, block(1))
    cache.put("v", 1, block(2, length=3 * (BLOCK_OVERHEAD + 10)))
    assert cache.get("v", 0) == block(0)
    assert cache.get("v", 1) is None
    cache.put("v", 2, block(3, length=BLOCK_OVERHEAD))
    assert cache.get("v", 0) == block(0)
