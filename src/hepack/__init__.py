"""hepack: pack high-energy-physics event data within a promised error."""
