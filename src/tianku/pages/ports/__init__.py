"""What the pages need to know, and nothing more: plain values that the policy has filtered already."""
