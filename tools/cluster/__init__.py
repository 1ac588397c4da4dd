"""A real Kubernetes of one node on this machine: API server, scheduler, controllers, kubelet, container runtime.

Its programs are built from Go modules, its runtime comes from Debian. The node lives in namespaces of its own, so that
it ends with its first process, and nothing of it is left on the machine.
"""
