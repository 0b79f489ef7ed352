"""Credit that the data itself decides: Markov removal effects and Shapley values over a site's journeys (docs/models.md)."""
