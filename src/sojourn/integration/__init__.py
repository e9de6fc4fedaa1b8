"""One person, one key: from identifiers in the vault to pseudonyms that records travel under."""
