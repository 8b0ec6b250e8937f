"""The client: three lines of lab code, on nothing but the standard library."""
