"""The hub beside its peers at the scale of a city: 10 M events, 50 M readings, one machine, one run.

See docs/benchmark.md.
"""
