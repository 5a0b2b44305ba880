"""Is this subscription ready, and is what was deployed as it should be? Each finding says what mends it."""
