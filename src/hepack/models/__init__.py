"""Float nets in torch, and their lowering to integer programs. torch is imported here, so import this late."""
