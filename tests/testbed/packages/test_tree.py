"""Trees of packages are read as if their folder were the root."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import PackageError
from riostat.testbed.packages.tree import Listing, PackageTree, PackedFile

_STEPS = st.sampled_from(["a", "b", "c", "..", "."])
_TARGETS = st.builds(
    lambda root, steps: root + "/".join(steps),
    st.sampled_from(["", "/"]),
    st.lists(_STEPS, min_size=1, max_size=3),
)


def _packed(content: bytes) -> PackedFile:
    return PackedFile(len(content), hashlib.sha256(content).hexdigest(), is_executable=False)


def _tree(root: Path, files: dict[str, bytes], links: dict[str, str]) -> PackageTree:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        os.utime(root / path, (0, 0))
    packed = {path: _packed(content) for path, content in files.items()}
    return PackageTree(root, Listing(packed, links), "key")


def _in_root(path: str, files: set[str], links: dict[str, str], budget: list[int]) -> str | None:
    """Follow a path one step at a time, as path_resolution(7) tells it; another way than ours."""
    here: list[str] = []
    for step in path.split("/"):
        if step in {"", "."}:
            continue
        if step == "..":
            here = here[:-1]
            continue
        there = "/".join([*here, step])
        if there in links:
            budget[0] -= 1
            if budget[0] < 0:
                return None
            target = links[there]
            base = "" if target.startswith("/") else "/".join(here)
            found = _in_root(f"{base}/{target}", files, links, budget)
            if found is None:
                return None
            here = found.split("/") if found else []
        else:
            here.append(step)
    return "/".join(here)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "a/b", "b/c"]), _TARGETS),
    st.lists(_STEPS, min_size=1, max_size=5).map("/".join),
)
def test_links_never_lead_outside(links: dict[str, str], path: str) -> None:
    files = {"a/a", "b/a", "c/c", "a/c"}
    tree = PackageTree(Path("/"), Listing({f: _packed(b"") for f in files}, links), "key")
    expected = _in_root(path, files, links, [40])
    assert tree.resolve(path) == (expected if expected in files else None)


def test_a_pattern_finds_files_and_links(tmp_path: Path) -> None:
    tree = _tree(tmp_path, {"lib/x-1/so": b"1", "lib/x-2/so": b"2"}, {"lib/so": "x-1/so"})
    assert tree.paths("lib/x-*/so") == ["lib/x-1/so", "lib/x-2/so"]
    assert tree.paths("lib/so") == ["lib/so"]
    assert tree.read("lib/so") == b"1"
    assert tree.only("lib/*-1/so") == "lib/x-1/so"
    for pattern, number in (("lib/x-*/so", 2), ("bin/*", 0)):
        with pytest.raises(PackageError, match=rf"have {number} files '.*', and must have one; ge"):
            tree.only(pattern)
    assert not tree.is_executable("lib/so")


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    tree = _tree(tmp_path, {"a": b"abc"}, {})
    assert tree.is_whole()
    (tmp_path / "a").write_bytes(b"abd")
    assert not tree.is_whole()
    os.utime(tmp_path / "a", (0, 0))
    assert tree.is_whole()  # by its looks; the content is checked where it is read
    with pytest.raises(PackageError, match=r"is not what was unpacked; remove the folder"):
        tree.read("a")
    (tmp_path / "a").unlink()
    assert not tree.is_whole()
    with pytest.raises(PackageError, match="is not what was unpacked"):
        tree.read("a")
