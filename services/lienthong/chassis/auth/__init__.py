"""Who calls, for whom, and what they may do: one policy table for every rpc of the house."""
