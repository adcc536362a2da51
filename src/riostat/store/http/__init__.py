"""What HTTP says of ranges and conditions, without I/O.

`ranges` reads the Range header, `preconditions` the conditional ones; both follow RFC 9110.
"""
