"""Metadata in which callers say for whom they speak; the client library knows nothing else of who may do what."""

AGENCY_KEY = "x-lienthong-agency"
PERSON_KEY = "x-lienthong-person"
