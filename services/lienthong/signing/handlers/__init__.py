"""What signing does: takes documents up, writes down what was found, tells it, certifies systems."""
