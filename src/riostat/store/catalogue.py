"""Objects and buckets in the metadata: looking up, listing, committing.

A bucket is an object of the bucket with no name, so that whatever is promised of objects holds
for buckets too.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from riostat.core.errors import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    ObjectNotFoundError,
    PreconditionError,
    StoreError,
)
from riostat.core.text import printable
from riostat.store.layouts import Layout, Place
from riostat.store.metadata import Metadata, metadata_text, text_metadata
from riostat.store.objects import Bucket, Listing, ObjectVersion
from riostat.store.slotmap import mark_free, unpack_slots

__all__ = ["BUCKETS", "Catalogue", "Conditions", "Layouts", "insert_object"]

BUCKETS = ""
"""The bucket that holds the buckets."""

_COLUMNS = "bucket, key, version, sequence, size, etag, content_type, metadata, modified_ns, inline"
_LAST = chr(0x10FFFF) * 256  # no key is longer
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold for a commit: an ETag or ``*`` that the present object has, or has not."""

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, bucket: str, key: str, etag: str | None) -> None:
        """Raise `PreconditionError` where an object with `etag`, or none, does not fit."""
        name = f"{bucket}/{printable(key)}"
        if self.if_match is not None and (etag is None or self.if_match not in {"*", etag}):
            raise PreconditionError(
                f"The object {name} is {'not there' if etag is None else 'another'} and was to "
                f"match {printable(self.if_match)}; read it again."
            )
        if self.if_none_match is not None and etag is not None:
            if bucket == BUCKETS:
                raise BucketExistsError(f"The bucket {key} exists already; use it as it is.")
            if self.if_none_match in {"*", etag}:
                raise PreconditionError(
                    f"The object {name} exists already; choose another key or delete it first."
                )


@dataclass(frozen=True, slots=True)
class Layouts:
    """Where the blocks and the manifest of a version lie."""

    data: Layout
    manifest: Layout


class Catalogue:
    """The objects of the store, as the database has them."""

    def __init__(self, metadata: Metadata, *, block_bytes: int) -> None:
        self._metadata = metadata
        self._block_bytes = block_bytes

    def stat(self, bucket: str, key: str) -> ObjectVersion:
        """Return the present version; raises `ObjectNotFoundError` or `BucketNotFoundError`."""
        with self._metadata.reading() as reader:
            kept = reader.kept.get((bucket, key))
            if isinstance(kept, ObjectVersion):
                return kept
            version = self._find(reader.connection, bucket, key)
            if version is not None:
                if len(reader.kept) >= _KEPT:
                    reader.kept.clear()
                reader.kept[bucket, key] = version
                return version
            self._check_bucket(reader.connection, bucket)
        raise _no_object(bucket, key)

    def layouts(self, version: str) -> Layouts | None:
        """Return where a version lies, None where it is gone."""
        with self._metadata.reading() as reader:
            row = reader.connection.execute(
                "SELECT data, manifest FROM layouts WHERE version = ?", (version,)
            ).fetchone()
        return None if row is None else Layouts(Layout(row[0]), Layout(row[1]))

    def buckets(self) -> list[Bucket]:
        """Return the buckets by name."""
        with self._metadata.reading() as reader:
            rows = reader.connection.execute(
                "SELECT key, modified_ns FROM objects WHERE bucket = ? ORDER BY key", (BUCKETS,)
            ).fetchall()
        return [Bucket(*row) for row in rows]

    def listing(
        self, bucket: str, *, prefix: str, delimiter: str, after: str, limit: int
    ) -> Listing:
        """Return up to `limit` objects and common prefixes behind `after`, in order of UTF-8."""
        objects: list[ObjectVersion] = []
        prefixes: list[str] = []
        last, more = after, True
        with self._metadata.reading() as reader:
            self._check_bucket(reader.connection, bucket)
            while more and len(objects) + len(prefixes) < limit:
                wanted = limit - len(objects) - len(prefixes)
                rows = self._page(reader.connection, bucket, prefix, last, wanted)
                more = len(rows) == wanted
                for version in rows:
                    if last > version.key:
                        continue  # inside the common prefix that was found last
                    cut = version.key.find(delimiter, len(prefix)) if delimiter else -1
                    if cut < 0:
                        objects.append(version)
                        last = version.key
                    else:
                        prefixes.append(version.key[: cut + len(delimiter)])
                        last = prefixes[-1] + _LAST
                        more = True
            truncated = limit > 0 and bool(self._page(reader.connection, bucket, prefix, last, 1))
        return Listing(tuple(objects), tuple(prefixes), last if truncated else None)

    def versions(self) -> Iterable[ObjectVersion]:
        """Yield every object, buckets too, as it is when its turn comes."""
        bucket, key = "", ""
        while True:
            with self._metadata.reading() as reader:
                rows = reader.connection.execute(
                    f"SELECT {_COLUMNS} FROM objects WHERE (bucket, key) > (?, ?)"  # noqa: S608 - a constant
                    " ORDER BY bucket, key LIMIT 1000",
                    (bucket, key),
                ).fetchall()
            if not rows:
                return
            for row in rows:
                version = self._version(row)
                bucket, key = version.bucket, version.key
                yield version

    def totals(self) -> tuple[int, int, int]:
        """Return how many buckets and objects there are, and how many bytes they have."""
        with self._metadata.reading() as reader:
            buckets, objects, size = reader.connection.execute(
                "SELECT total(bucket = ?), total(bucket != ?), total(size) FROM objects",
                (BUCKETS, BUCKETS),
            ).fetchone()
        return int(buckets), int(objects), int(size)

    def check(self, bucket: str, key: str, conditions: Conditions) -> None:
        """Raise where a commit would be refused by now."""
        with self._metadata.reading() as reader:
            self._check_commit(reader.connection, bucket, key, conditions)

    def commit(self, version: ObjectVersion, layouts: Layouts, conditions: Conditions) -> None:
        """Make a version the present one, durably, or hand its slots over to be removed and raise.

        The version that it takes the place of is handed over to be removed too.
        """
        refusal: StoreError | None = None
        with self._metadata.transaction(durable=True) as connection:
            used = {*layouts.data.all_places(), *layouts.manifest.all_places()}
            mark_free(connection, self._reserved(connection, version.version) - used)
            connection.execute("DELETE FROM reservations WHERE version = ?", (version.version,))
            connection.execute("DELETE FROM uploads WHERE version = ?", (version.version,))
            try:
                current = self._check_commit(connection, version.bucket, version.key, conditions)
            except StoreError as error:
                refusal, current = error, None
            # One that began to commit later has committed already: this one came before it.
            overtaken = current is not None and current.sequence > version.sequence
            if refusal is not None or overtaken:
                _insert_removal(connection, version.version, layouts)
            else:
                if current is not None:
                    _retire(connection, current)
                insert_object(connection, version, layouts)
        if refusal is not None:
            raise refusal

    def retire(self, bucket: str, keys: Iterable[str]) -> list[bool]:
        """Take objects out of the catalogue, durably; their slots are handed over to be removed."""
        found = []
        with self._metadata.transaction(durable=True) as connection:
            self._check_bucket(connection, bucket)
            for key in keys:
                current = self._find(connection, bucket, key)
                found.append(current is not None)
                if current is None:
                    continue
                if bucket == BUCKETS and self._page(connection, key, "", "", 1):
                    raise BucketNotEmptyError(
                        f"The bucket {key} is not empty; delete its objects first."
                    )
                _retire(connection, current)
        return found

    def _check_commit(
        self, connection: sqlite3.Connection, bucket: str, key: str, conditions: Conditions
    ) -> ObjectVersion | None:
        self._check_bucket(connection, bucket)
        current = self._find(connection, bucket, key)
        conditions.check(bucket, key, None if current is None else current.etag)
        return current

    def _check_bucket(self, connection: sqlite3.Connection, bucket: str) -> None:
        if bucket != BUCKETS and self._find(connection, BUCKETS, bucket) is None:
            raise _no_bucket(bucket)

    def _find(self, connection: sqlite3.Connection, bucket: str, key: str) -> ObjectVersion | None:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key = ?",  # noqa: S608 - a constant
            (bucket, key),
        ).fetchone()
        return None if row is None else self._version(row)

    def _page(
        self, connection: sqlite3.Connection, bucket: str, prefix: str, after: str, limit: int
    ) -> list[ObjectVersion]:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key > ? AND key >= ?"  # noqa: S608 - a constant
            " AND key <= ? ORDER BY key LIMIT ?",
            (bucket, after, prefix, prefix + _LAST, limit),
        ).fetchall()
        return [self._version(row) for row in rows]

    def _version(
        self, row: tuple[str, str, str, int, int, str, str, str, int, int]
    ) -> ObjectVersion:
        bucket, key, version, sequence, size, etag, content_type, metadata, modified, inline = row
        return ObjectVersion(
            bucket=bucket,
            key=key,
            version=version,
            sequence=sequence,
            size=size,
            etag=etag,
            content_type=content_type,
            metadata=text_metadata(metadata),
            modified_ns=modified,
            inline=inline,
            block_bytes=self._block_bytes,
        )

    @staticmethod
    def _reserved(connection: sqlite3.Connection, version: str) -> set[Place]:
        rows = connection.execute(
            "SELECT disk, slots FROM reservations WHERE version = ?", (version,)
        )
        return {Place(disk, slot) for disk, packed in rows for slot in unpack_slots(packed)}


def insert_object(connection: sqlite3.Connection, version: ObjectVersion, layouts: Layouts) -> None:
    """Write an object's rows, in place of those that its key has."""
    connection.execute(
        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            version.bucket,
            version.key,
            version.version,
            version.sequence,
            version.size,
            version.etag,
            version.content_type,
            metadata_text(version.metadata),
            version.modified_ns,
            version.inline,
        ),
    )
    connection.execute(
        "INSERT INTO layouts VALUES (?, ?, ?)",
        (version.version, layouts.data.encoded, layouts.manifest.encoded),
    )


def _retire(connection: sqlite3.Connection, version: ObjectVersion) -> None:
    connection.execute(
        "INSERT INTO removals SELECT version, data, manifest, 0 FROM layouts WHERE version = ?",
        (version.version,),
    )
    connection.execute("DELETE FROM layouts WHERE version = ?", (version.version,))
    connection.execute(
        "DELETE FROM objects WHERE bucket = ? AND key = ?", (version.bucket, version.key)
    )


def _insert_removal(connection: sqlite3.Connection, version: str, layouts: Layouts) -> None:
    connection.execute(
        "INSERT INTO removals VALUES (?, ?, ?, 0)",
        (version, layouts.data.encoded, layouts.manifest.encoded),
    )


def _no_object(bucket: str, key: str) -> StoreError:
    if bucket == BUCKETS:
        return _no_bucket(key)
    return ObjectNotFoundError(
        f"There is no object {printable(key)} in the bucket {printable(bucket)}; "
        "`riostat store ls` lists those that there are."
    )


def _no_bucket(name: str) -> BucketNotFoundError:
    return BucketNotFoundError(f"There is no bucket {printable(name)}; make it first.")
