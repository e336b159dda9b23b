"""Settings to report: the only orchestration."""
