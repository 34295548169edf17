"""The past of the demo: what a desk of three months looks like, made with the product's services."""
