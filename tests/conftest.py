"""For all tests: the program's log goes to standard error, as when it runs, and never into what a test reads."""

from lienthong.chassis import logging

logging.configure("INFO", "text")
