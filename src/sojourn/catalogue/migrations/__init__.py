"""How the catalogue's database came to its present form, step by step."""
