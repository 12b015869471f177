"""The published autoencoder studies, repeated and carried on. torch is imported by the modules, so import late."""
