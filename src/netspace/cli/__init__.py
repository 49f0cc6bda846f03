"""The command `netspace`: read, call, write."""
