"""For tests and demonstrations, of this project and of its users: authorities, documents, clocks made at run time."""
