"""The desktop: the web client in a window of its own."""

from lumilio.desktop.window import missing_display, open_window

__all__ = ["missing_display", "open_window"]
