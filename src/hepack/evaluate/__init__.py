"""Compare two samples of events; everything found comes back as frozen records (`hepack.evaluate.results`)."""
