"""OpenAPI documents, from the file or URL to what the tap reads."""
