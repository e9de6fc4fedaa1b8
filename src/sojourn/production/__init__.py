"""Statistical production: the rooms put together into what an office does.

Receive a delivery, make tables of it, take them through the gate. Everything here composes other
rooms; the methods themselves are below.
"""
