"""Kernels and initramfs files, made of packages and of what the caller adds.

An `ImageSpecification` says what is to be inside; `make_image` gathers it: kernel modules in the
order in which they load (`modules`), programs with their shared libraries (`elf`, `libraries`),
Python as compiled files (`python`), and `init`, the shell script that is a guest's first process.
`newc` writes the archive, `vmlinux` takes the kernel out of its compressed form. The same inputs
make the same bytes.

It makes no disk images and installs no distribution: a guest lives in memory.
"""
