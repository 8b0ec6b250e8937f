"""Networks and their training. All files here but this one import torch: import them late."""
