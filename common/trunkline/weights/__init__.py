"""Models on disk: the store that serving reads, and the weight sets it is built from.

`store` is light (numpy at most). Everything that reads, converts or writes weights needs the extra
`build` and is imported only where it is used.
"""

from trunkline.weights.manifest import TailEntry, TrunkEntry
from trunkline.weights.store import ModelStore

__all__ = ["ModelStore", "TailEntry", "TrunkEntry"]
