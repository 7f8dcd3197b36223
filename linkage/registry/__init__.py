"""The life of models: training candidates, comparing, approving and amending them."""
