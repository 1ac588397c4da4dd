"""Calls: a server that refuses bad wiring, streams that hold no thread, errors that say what to do."""
