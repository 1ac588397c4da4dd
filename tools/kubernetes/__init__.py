"""What charts are tested with: Helm, Prometheus, and the definitions of resources that operators bring.

Each comes from a registry by its exact version, is verified by its hash, and lies in the user's cache afterwards.
"""
