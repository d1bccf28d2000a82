"""What starts the agent on a machine."""
