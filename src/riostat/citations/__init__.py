"""Smart Citations: who cites a work, in which sentence, and whether with support or contrast.

In the order in which data meets the modules:

- `documentfile` opens a file, and `jats` reads it into a `documents.Document`: paragraphs, mentions
  with exact offsets, references; `markers` expands ranges and lists, `sections` names sections;
- `statements` makes a `Statement` of each mention, in one of the `sentences`.

Nothing that a file says is believed before it is checked. Not here: PDF, TEI, and the web.
"""
