"""ASGI composition: the routes of every layer in one application, its server and its shutdown."""
