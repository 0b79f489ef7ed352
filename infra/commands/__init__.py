"""One module for each group of commands; infra.cli lists them and imports one only when it is called."""
