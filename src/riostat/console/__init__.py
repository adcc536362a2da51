"""The console: web pages and a JSON API over what riostat records.

A request meets, in this order, `access.Guard` (who may ask), the route table of `routes`, a
handler of `pages` or `api`, and what answers: `live` (the rolling run, once a second), `runs`
(what is recorded), `analysis` (a worker process that loads profiles, so that neither its memory
nor its crash is the server's) or `recordings` (one recording at a time). `app.serve` puts it on
a port.

Left out: users and roles (one token opens everything), TLS (put a proxy in front), and writing of
any kind but starting a recording.
"""
