"""Every codec over real mosaics: bytes, error, agreement of the answers, time, containers."""
