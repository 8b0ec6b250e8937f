"""The words of Halflife: tables and laws, messages, the lab file, the machine's settings."""
