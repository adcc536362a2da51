"""What every part shares: runs, domains, time, statistics, settings and errors."""
