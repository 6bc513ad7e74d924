"""Paying approved benefits when there may be too little for all: pay runs, the cover index, loans, the floor."""
