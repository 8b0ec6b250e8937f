"""MQTT: records that are published on topics, whole or value by value."""
