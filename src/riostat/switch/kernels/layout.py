"""Where things stand in the arrays that a worker's kernels share with the code around them.

All arrays are i64. `state` is the worker's own: the rows of ports, then those of rings, then what
belongs to the batch in hand. A port or a ring is named by the place where its row begins, so that
``state[ring + SIZE]`` is the size of that ring. `board` is shared with the engine: a row of
counters for each port. A field whose name ends in ``ADDRESS`` holds a place in memory.
"""

from typing import Final

from riostat.switch.kernels import limits

__all__ = [
    "ALARM",
    "ARENA_ADDRESS",
    "ARENA_USED",
    "AVAILABLE_ADDRESS",
    "BATCHES",
    "BATCH_KEYS",
    "BATCH_PORT",
    "BOARD_FIELDS",
    "BOUNCE_ADDRESS",
    "BUFFERS_ADDRESS",
    "BYTES",
    "CALL",
    "CHAINS",
    "CHAIN_COUNT",
    "CHECKSUM_ALLOWED",
    "CLOCK_ADDRESS",
    "CONTROL",
    "CONTROL_ASLEEP",
    "CONTROL_BUSY_NS",
    "CONTROL_ROUNDS",
    "CONTROL_STOP",
    "COPY_BYTES",
    "COUNT_COPIED",
    "COUNT_DROPS",
    "COUNT_FAULT",
    "COUNT_FIELDS",
    "COUNT_FLOODED",
    "COUNT_LIVE",
    "COUNT_MAPPED",
    "COUNT_PAIRS",
    "COUNT_QUEUES",
    "COUNT_REUSED",
    "COUNT_REVOKED",
    "COUNT_STATE",
    "DESCRIPTORS_ADDRESS",
    "DEVICE_HELD",
    "DEVICE_QUEUES",
    "DIRTY",
    "DIRTY_COUNT",
    "ENABLED",
    "FETCHED",
    "FILLED",
    "FIRST_RING",
    "FLOOD_TIME",
    "FLOOD_TOKENS",
    "FRAMES",
    "FRAMES_LEFT",
    "FRAME_LENGTH",
    "HEADER",
    "HEADERS_ADDRESS",
    "INDIRECT_ADDRESS",
    "INDIRECT_ALLOWED",
    "IN_ADDRESS",
    "KIND",
    "LEARNED",
    "LIMIT",
    "LOCAL_COUNT",
    "MAC",
    "MAPPINGS",
    "MAPPING_COUNT",
    "MARKS_ADDRESS",
    "MERGEABLE",
    "NEXT",
    "NEXT_PAIR",
    "NOW_NS",
    "ONE_ADDRESS",
    "OUT_ADDRESS",
    "OUT_BELL",
    "OWNER",
    "PAIR",
    "PAIRS",
    "PID",
    "POLICY",
    "POLL_ADDRESS",
    "PORT_COUNT",
    "PORT_FIELDS",
    "PORT_REGIONS",
    "QUEUE_FRAMES",
    "QUEUE_PORTS",
    "QUEUE_SEQUENCES",
    "REGION_COUNT",
    "REGION_DESCRIPTOR",
    "REGION_FIELDS",
    "REGION_GUEST",
    "REGION_LENGTH",
    "REGION_MAP_ADDRESS",
    "REGION_OFFSET",
    "REGION_PAGE",
    "REGION_SHIFT",
    "REGION_USER",
    "REGION_WINDOW_ADDRESS",
    "REMOTE_COUNT",
    "REMOTE_VECTORS",
    "RINGS",
    "RING_FIELDS",
    "ROW",
    "SEGMENTATION_ALLOWED",
    "SEQUENCE",
    "SIZE",
    "SOURCE",
    "SOURCE_BYTES",
    "SOURCE_COUNT",
    "SOURCE_SKIP",
    "SOURCE_STABLE",
    "STAGE_ADDRESS",
    "STAGE_USED",
    "STAMP",
    "STATE",
    "STATE_FIELDS",
    "TAPS",
    "TARGET",
    "TARGET_COUNT",
    "TEMPLATES",
    "TEMPLATES_ADDRESS",
    "USED_ADDRESS",
    "USED_INDEX",
    "VECTORS_ADDRESS",
    "VECTOR_ADDRESS",
    "WALKED_BYTES",
]

# A region of a guest's memory; its window holds what is mapped under `REUSE`.
REGION_GUEST: Final = 0
REGION_LENGTH: Final = 1
REGION_USER: Final = 2
REGION_DESCRIPTOR: Final = 3
REGION_OFFSET: Final = 4
REGION_PAGE: Final = 5
REGION_SHIFT: Final = 6
REGION_WINDOW_ADDRESS: Final = 7
REGION_MAP_ADDRESS: Final = 8
REGION_FIELDS: Final = 9

# A port; the last fields belong to links between workers, devices and TAPs.
KIND: Final = 0
STATE: Final = 1
POLICY: Final = 2
HEADER: Final = 3
MERGEABLE: Final = 4
INDIRECT_ALLOWED: Final = 5
CHECKSUM_ALLOWED: Final = 6
SEGMENTATION_ALLOWED: Final = 7
PID: Final = 8
MAC: Final = 9
PAIRS: Final = 10
REGION_COUNT: Final = 11
ROW: Final = 12
FIRST_RING: Final = 13
LEARNED: Final = 14
FLOOD_TOKENS: Final = 15
FLOOD_TIME: Final = 16
NEXT_PAIR: Final = 17
LOCAL_COUNT: Final = 18
REMOTE_COUNT: Final = 19
COPY_BYTES: Final = 20
VECTORS_ADDRESS: Final = 21
OUT_ADDRESS: Final = 22
IN_ADDRESS: Final = 23
OUT_BELL: Final = 24
FRAMES_LEFT: Final = 25
FRAME_LENGTH: Final = 26
SEQUENCE: Final = 27
TEMPLATES: Final = 28
TEMPLATES_ADDRESS: Final = 29
BUFFERS_ADDRESS: Final = 30
DEVICE_HELD: Final = 31
QUEUE_FRAMES: Final = 32
DEVICE_QUEUES: Final = 33
TAPS: Final = 34
QUEUE_PORTS: Final = 42
QUEUE_SEQUENCES: Final = 74

# The row of a port goes on with its regions.
PORT_REGIONS: Final = 106
PORT_FIELDS: Final = 178

# A ring.
ENABLED: Final = 0
SIZE: Final = 1
DESCRIPTORS_ADDRESS: Final = 2
AVAILABLE_ADDRESS: Final = 3
USED_ADDRESS: Final = 4
MARKS_ADDRESS: Final = 5
NEXT: Final = 6
LIMIT: Final = 7
USED_INDEX: Final = 8
FILLED: Final = 9
STAMP: Final = 10
CALL: Final = 11
FRAMES: Final = 12
BYTES: Final = 13
OWNER: Final = 14
PAIR: Final = 15
RING_FIELDS: Final = 16

# Rows.
RINGS: Final = limits.PORTS_MAX * PORT_FIELDS
BATCHES: Final = RINGS + limits.PORTS_MAX * limits.RINGS_MAX * RING_FIELDS

# The batch in hand: segments as (address, bytes), chains as (head, bytes).
SOURCE: Final = BATCHES
TARGET: Final = BATCHES + 512
CHAINS: Final = BATCHES + 1024
FETCHED: Final = BATCHES + 1152
REMOTE_VECTORS: Final = BATCHES + 1280
DIRTY: Final = BATCHES + 3328
MAPPINGS: Final = BATCHES + 3840
BATCH_KEYS: Final = BATCHES + 4864
SOURCE_COUNT: Final = BATCHES + 5376
SOURCE_SKIP: Final = BATCHES + 5377
SOURCE_BYTES: Final = BATCHES + 5378
SOURCE_STABLE: Final = BATCHES + 5379
TARGET_COUNT: Final = BATCHES + 5380
CHAIN_COUNT: Final = BATCHES + 5381
WALKED_BYTES: Final = BATCHES + 5382
MAPPING_COUNT: Final = BATCHES + 5383
ARENA_ADDRESS: Final = BATCHES + 5384
ARENA_USED: Final = BATCHES + 5385
DIRTY_COUNT: Final = BATCHES + 5386
BATCH_PORT: Final = BATCHES + 5387
HEADERS_ADDRESS: Final = BATCHES + 5388
STAGE_ADDRESS: Final = BATCHES + 5389
STAGE_USED: Final = BATCHES + 5390
BOUNCE_ADDRESS: Final = BATCHES + 5391
INDIRECT_ADDRESS: Final = BATCHES + 5392
VECTOR_ADDRESS: Final = BATCHES + 5393
CLOCK_ADDRESS: Final = BATCHES + 5394
POLL_ADDRESS: Final = BATCHES + 5395
ONE_ADDRESS: Final = BATCHES + 5396
NOW_NS: Final = BATCHES + 5397
ALARM: Final = BATCHES + 5398
PORT_COUNT: Final = BATCHES + 5399
STATE_FIELDS: Final = BATCHES + 5400

# A port's row on the board; a queue pair has rx frames, rx bytes, tx frames, tx bytes.
COUNT_STATE: Final = 0
COUNT_FAULT: Final = 1
COUNT_FLOODED: Final = 2
COUNT_LIVE: Final = 3
COUNT_MAPPED: Final = 4
COUNT_REUSED: Final = 5
COUNT_REVOKED: Final = 6
COUNT_COPIED: Final = 7
COUNT_PAIRS: Final = 8
COUNT_DROPS: Final = 9
COUNT_QUEUES: Final = 24
COUNT_FIELDS: Final = 56

# The row behind those of the ports: what the worker as a whole says and is told.
CONTROL: Final = limits.PORTS_MAX * COUNT_FIELDS
CONTROL_STOP: Final = CONTROL
CONTROL_ROUNDS: Final = CONTROL + 1
CONTROL_ASLEEP: Final = CONTROL + 2
CONTROL_BUSY_NS: Final = CONTROL + 3
BOARD_FIELDS: Final = CONTROL + 8
