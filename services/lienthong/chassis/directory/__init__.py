"""The directory as each service knows it: agencies, their codes over time, and the systems that act for them.

Routing owns it and publishes whole states; every service keeps a copy in its own database (`store`) and a snapshot in
memory (`cache`) that is reread at least every five seconds.
"""
