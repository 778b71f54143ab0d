"""What an operator writes: site.yaml, collection.yaml and dataset.yaml, as models."""

from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.load import (
    Installation,
    LoadedDataset,
    load_collection,
    load_installation,
    load_site,
)
from tianku.model.config.products import ProductConfig
from tianku.model.config.site import SiteConfig
from tianku.model.config.sources import resolve_files
from tianku.model.config.table import ColumnConfig, PositionConfig, SourceConfig, TableConfig
from tianku.model.config.validate import ConfigError, Problem

__all__ = [
    "CollectionConfig",
    "ColumnConfig",
    "ConfigError",
    "DatasetConfig",
    "Installation",
    "LoadedDataset",
    "PositionConfig",
    "Problem",
    "ProductConfig",
    "SiteConfig",
    "SourceConfig",
    "TableConfig",
    "load_collection",
    "load_installation",
    "load_site",
    "resolve_files",
]
