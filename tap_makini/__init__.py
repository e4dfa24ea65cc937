"""Singer tap for Makini, the unified API over CMMS, EAM, ERP and WMS systems."""
