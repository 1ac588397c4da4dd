"""The rules of routing. Pure: times, states and identifiers in, decisions out."""
