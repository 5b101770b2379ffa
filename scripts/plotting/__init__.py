"""What scripts/plot is made of: tables (CSV), figures (what is drawn), style (colours), draw (matplotlib)."""
