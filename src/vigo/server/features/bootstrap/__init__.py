"""Installing the agent on a machine that has nothing but Python and this server."""
