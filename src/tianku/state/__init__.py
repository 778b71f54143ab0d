"""The state database: accounts, tokens, publications, policy, and the generation that says they changed.

`tianku.state.repositories` is its only door; it may be imported before `setup` was called.
"""
