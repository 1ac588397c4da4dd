"""Lienthong: an open axis for the exchange of signed electronic documents between agencies."""
