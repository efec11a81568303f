"""The templates: each app is a folder to copy; what they share is in `harness`."""
