"""How it runs: settings, the local stack, the command line."""

VERSION = "0.1.0"
