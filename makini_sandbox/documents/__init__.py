"""The OpenAPI documents of the double, made from the shapes of its own rows."""
