from cli.conftest import catalog, files

__all__ = ["catalog", "files"]
