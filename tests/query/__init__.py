"""Golden pairs: `golden/<name>.sql` is what the tree of the same name compiles to."""
