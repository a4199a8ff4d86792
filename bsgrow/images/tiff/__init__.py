"""TIFF 6.0 and BigTIFF, whatever lies in its strips and tiles."""
