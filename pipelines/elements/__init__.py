"""The four elements of a relationship: satisfaction, loyalty, profitability, retention; segments and their plan."""
