"""What is behind one conversion or payment: its path, every credit, what was left out."""
