"""The demo: a seeded therapy centre with a known truth, written as the files that such a business has."""
