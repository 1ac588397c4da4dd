"""The signing service: verifies signatures of documents and keeps the authority of the axis."""
