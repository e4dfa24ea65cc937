"""Write and serve the OpenAPI documents, made from the item types of the sandbox's own rows."""
