"""The command line. One file for each group of commands; built on the client library and on nothing else."""

import os
import sys

# The library under gRPC writes lines of its own form, one for each caller that fails at TLS. It looks once, when it is
# loaded.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

try:
    from lienthong.cli.main import main
except KeyboardInterrupt:  # Ctrl-C while it is loaded
    sys.exit(130)

__all__ = ["main"]
