"""What a report holds: each metric chooses coalitions, reduces their values, and summarises over samples."""
