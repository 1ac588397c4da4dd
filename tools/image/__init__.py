"""The image of the program: an OCI image made of pinned packages, without a builder and without root.

Three layers, so that a change of the program moves little: the system (Debian packages), the libraries (wheels), the
program. Each is a folder that is filled, and then written as an archive of which every byte follows from its content.
"""
