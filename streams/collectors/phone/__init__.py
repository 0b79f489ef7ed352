"""Telephone: numbers shown to visitors, and what telephone systems say of calls."""
