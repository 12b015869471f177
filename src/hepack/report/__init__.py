"""A comparison as evidence: verdict against a policy, text, figures, one HTML page, a PDF, JSON."""
