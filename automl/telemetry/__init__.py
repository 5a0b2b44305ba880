"""What the process measures of itself: counted in plain numbers, handed to OpenTelemetry where there is somebody to
tell. Nothing of OpenTelemetry is imported otherwise."""
