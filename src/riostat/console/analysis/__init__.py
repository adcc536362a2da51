"""Questions about recorded profiles and their answers.

`question` is what can be asked, `client` stands in the server and asks, `worker` is the process
that loads profiles, and `views` makes the answers of them.
"""
