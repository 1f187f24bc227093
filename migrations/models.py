"""All registry rows of the product: importing this module fills `metadata`."""

from importlib import import_module

from registry.base import Base

MODULES = (
    "catalog.models",
    "indicators.models",
    "connectors.models",
    "quality.models",
    "access.models",
    "jobs.models",
)

for module in MODULES:
    import_module(module)

metadata = Base.metadata
