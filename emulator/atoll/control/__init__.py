"""What steers Atoll: declared accounts and regions, keys, faults, and the control API, loaded at its first call.

data path's server ─▶ asgi.py ─▶ api.py (FastAPI) ─▶ accounts.py, regions.py ─▶ index, cell, gateway
atoll up -f        ─▶ manifests                   ─▶ accounts.py, regions.py
"""
