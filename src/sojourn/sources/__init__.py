"""Sources: deliveries received, read strictly, mapped to standard codes and checked."""
