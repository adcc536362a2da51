"""The library in the console: pages and JSON of the citation index, beside the claims.

`reading` asks the index in threads of its own, `views` is what is answered, `measured` joins works
and claims, `pages` and `api` answer; `holdings` is what the overview says of the library and the
claims.
"""

__all__: list[str] = []
