"""Run the tap with `python -m tap_makini`."""

from tap_makini.tap import TapMakini

TapMakini.cli()
