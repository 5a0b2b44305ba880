"""What a champion asks for that the one before it did not, and the other way round."""

from __future__ import annotations

from typing import Any

from automl.signature import Signature


def changes(before: Signature, now: Signature) -> dict[str, Any] | None:
    """Columns that were added, removed or given another type; None when there are none.

    A request that does not fit the signature of its champion is refused and never logged. So the columns that are
    predicted on change with the champion alone.
    """
    old = {feature.name: feature.type for feature in before.features}
    new = {feature.name: feature.type for feature in now.features}
    found = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "retyped": [f"{name}: {old[name]} to {new[name]}" for name in new if old.get(name, new[name]) != new[name]],
    }
    return found if any(found.values()) else None
