"""The calls of routing: messages into commands, results into messages."""
