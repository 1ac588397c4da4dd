"""The command line. One file for each group of commands; built on the client library and on nothing else."""

from lienthong.cli.main import main

__all__ = ["main"]
