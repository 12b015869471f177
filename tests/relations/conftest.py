"""Let the tests of relations import `small_tables` beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
