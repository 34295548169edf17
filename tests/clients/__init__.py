"""Other people's clients of HubSpot, unchanged but for the address, on the sandbox.

    python -m tests.clients            # all, each in an environment of its own in .cache/clients
    python -m tests.clients hubspot-sdk tap-hubspot

Each is to read every contact, booking and exam.
"""
