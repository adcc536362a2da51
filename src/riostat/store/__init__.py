"""Objects on unequal disks: blocks at random places, some twice, each read from the better copy."""
