"""An installation moves: everything that it keeps is written into a folder, and from there into other engines.

The folder is described in docs/moving.md. Nothing of it depends on an engine: rows are lines of JSON, contents and
keys are files, and a manifest that is written last says how many there are and what each hashes to.
"""
