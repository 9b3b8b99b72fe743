"""One file a family; `features.registry` lists them."""
