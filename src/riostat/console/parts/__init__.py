"""The switch and the store that run beside this console, as its pages show them.

In the order in which data meets them: `watch` asks a part once a second and tells who listens,
`switchstate` and `storestate` make rates of its counters, `diagram`, `delays` and `bars` lay out
what is drawn, `benches` finds the last bench of the switch, `shelf` reads the store's objects, and
`pages` and `api` answer.

Not here: starting and ending the parts, which is for `riostat up`, `switch run` and `store serve`.
"""
