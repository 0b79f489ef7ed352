"""Printed codes: made, printed, read at `/q/{code}`, and told at the desk as a referral."""
