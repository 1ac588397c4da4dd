"""What intake does: prepares, judges and accepts documents, takes recalls, keeps uploads."""
