"""The bench: a device in software, guests in processes of their own, and the worker between them.

`configurations` says what is compared, `measurement` moves and counts the frames, `result` makes
medians of it. Guests check every byte of every frame. It says nothing of a real NIC's DMA, which
costs the worker's core here.
"""
