"""All registry rows of the product: importing this module fills `metadata`."""

from importlib import import_module
from importlib.util import find_spec

from registry.base import Base

MODULES = ("catalog.models", "connectors.models", "quality.models", "access.models", "jobs.models")

for module in MODULES:
    if find_spec(module) is not None:
        import_module(module)

metadata = Base.metadata
