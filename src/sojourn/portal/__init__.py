"""The public site: pages and files of what is published, made from the public zone and nothing else.

The portal is given one folder. It opens no connection, runs no SQL, follows no link in the file system
and knows no other room that holds records.
"""

from sojourn.portal.application import application

__all__ = ["application"]
