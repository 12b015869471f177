"""Training loops. torch is imported by the modules, so import them late."""
