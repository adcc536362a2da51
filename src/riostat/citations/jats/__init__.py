"""JATS, the XML of journal articles (ANSI/NISO Z39.96), read into a `documents.Document`.

`reading` takes the bytes apart as XML, safely, and puts the rest together; `front` reads who wrote
what where, `references` the list of references, `body` the paragraphs with their citations, for
which `text` flattens the markup. Only `reading` imports lxml; the others are given elements.
"""
