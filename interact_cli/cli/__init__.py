"""The commands: parse, build, run, print, exit. Only this room prints."""
