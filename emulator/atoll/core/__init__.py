"""What all of Atoll speaks of: tenants, callers, calls, services, errors, the clock. It knows nothing above it."""
