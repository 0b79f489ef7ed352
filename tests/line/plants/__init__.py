"""Workers with a bug put in on purpose: the tests of the line must notice each of them."""
