"""Train the learned coders. torch is imported on the first fit, not with this package."""
