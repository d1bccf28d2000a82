"""Certificates for services on machines, by a CA that is trusted for nothing else."""
