"""Sparkplug B: births, data and deaths of devices over MQTT."""
