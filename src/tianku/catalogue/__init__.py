"""Tables: reading, normalising, partitioning, describing and storing them."""
