"""Accounts and Regions as manifests: read, checked against their CRDs, and made into plain values.

The CRDs are the one source of truth: `kubectl apply`, `atoll apply` and the control API take the same documents. What
Kubernetes will check by rules on the objects (what is immutable, what excludes what) is checked here in code.

    files, folders, standard input -> read_documents -> check -> Account, Region
"""
