"""What a plug-in implements. It imports no other package of `harness`, and torch only inside functions and for types.

Plug-ins import these names from `harness` itself, whose `__init__` lists the public ones.
"""
