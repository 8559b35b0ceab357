"""The tokens of a random pre-norm transformer, layer by layer: 24 tokens in 32 dimensions through 24 blocks, weights standard
normal over √d. Stands for a given model in the preset replay. Run: python random_transformer.py ../../presets/random-transformer.npy"""
import sys
import numpy as np

rng = np.random.default_rng(7)
n, d, layers = 24, 32, 24
unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True) * np.sqrt(d)
x = rng.normal(size=(n, d))
kept = [x]
for _ in range(layers):
    q, k, v, a = (rng.normal(size=(d, d)) / np.sqrt(d) for _ in range(4))
    b = rng.normal(size=(d, d)) / np.sqrt(d)
    y = unit(x)
    logits = (y @ q.T) @ (y @ k.T).T / np.sqrt(d)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    x = x + (p / p.sum(axis=1, keepdims=True)) @ y @ v.T
    x = x + np.maximum(unit(x) @ a.T, 0) @ b.T
    kept.append(x)
np.save(sys.argv[1], np.array(kept, dtype=np.float32))
