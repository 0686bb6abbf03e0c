"""Lumilio: a photo library for one machine."""

__version__ = "0.1.0"
