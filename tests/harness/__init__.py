"""What several tests and the soak share: records with known answers, workers, and a ledger."""
