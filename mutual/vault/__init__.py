"""The vault: what only few may read, encrypted at rest, opened only with a reason, unreadable once its key is gone."""
