"""Votes by phone: a page in a process of its own, which knows one question and no names."""
