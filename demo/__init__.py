"""The past of the demo: three months of a desk, made with the services of the product."""
