"""What Tianku does for people and programs; protocols and pages only call these."""
