"""``python -m interact_cli`` is ``interact``."""

from interact_cli.cli.app import main

main()
