"""The command line: one module per command, in a package per group, loaded when it is called."""
