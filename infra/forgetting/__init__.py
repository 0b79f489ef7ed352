"""Forgetting a person: whom an identifier means, one event that names all of it, and what is left of it on disk."""
