"""The strict reader: every physical record of a file is loaded, quarantined with a reason, or listed.

Nothing is guessed and nothing is dropped in silence: loaded + quarantined + non-data = physical records,
asserted at the end of every read. `parent.read` runs the reading in a child process with limits; what the
child does can also be done in-process by `reading.events`.
"""
