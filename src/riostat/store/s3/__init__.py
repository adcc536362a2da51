"""The S3 protocol in front of the store, and plain HTTP with it: an object's address is its path.

Without I/O, in the order in which a request meets them:

- `signatures.Verifier` says who sent it, `percent` how its address is spelled, `chunks` takes its
  body out of aws-chunked coding, `checksums` are what clients sum up;
- `pendinguploads` are uploads in parts before they are objects, and when they are given up;
- `names` are those that buckets and objects may have, `documents` the XML of both directions,
  `refusals` what is said instead of an answer.
"""
