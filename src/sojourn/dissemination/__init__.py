"""Published tables as descriptions, files, charts, maps and sentences.

Nothing in this room knows a person's record: it begins where the release gate hands over protected
cells, and everything it makes can be made again from the public zone alone.
"""
