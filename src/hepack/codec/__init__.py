"""Tables to packed files and back: recipes, choice of coders, blocks, and the commands' work."""
