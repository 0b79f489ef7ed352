"""The tracking script of websites and the door that hands it out."""
