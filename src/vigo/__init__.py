"""Vigo keeps a fleet of machines in the state that its operators wrote down."""

__version__ = "0.1.0"
