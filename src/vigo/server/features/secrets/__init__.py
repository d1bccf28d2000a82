"""Secrets: where their values are kept, and who gets them."""
