"""The office: pages for the people who work with records, in a process of its own on this machine only.

It is given a project, and opens what the person who started it may open. The portal is another application
and another process, and neither imports the other.
"""

from sojourn.office.application import application

__all__ = ["application"]
